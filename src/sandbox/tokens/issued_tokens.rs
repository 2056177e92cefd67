//! Every code and token that one marketplace of the sandbox has issued, and the rules to issue the
//! next one. Time and random numbers are passed as values.

use super::device_logins::DeviceLogins;
use super::issued_family::{ExpiringToken, IssuedFamily, IssuedGrant, IssuedPair, millis};
use super::token_subject::TokenSubject;
use crate::model::scheme::{Token, TokenResponse, VerifyFault};
use crate::render::FreshValues;
use crate::sign::pkce_challenge;
use std::time::Duration;

/// The lifetime of an access token whose scheme sets none.
const DEFAULT_ACCESS_LIFETIME: Duration = Duration::from_secs(3_600);
/// The lifetime of a refresh token whose scheme sets none.
const DEFAULT_REFRESH_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3_600);
/// Random texts for tokens use sites from here on; lower sites are for other texts of a response.
const FIRST_RANDOM_SITE: u64 = 1_000;

/// What the scheme defines about one token.
#[derive(Clone, Copy)]
pub(crate) struct TokenRule<'s> {
    pub(crate) token: &'s Token,
    pub(crate) response: &'s TokenResponse,
}

/// A subject that a refresh can be for, and the subjects of the shared pairs that can be split for
/// it.
pub(crate) struct RefreshCandidate {
    pub(crate) subject: TokenSubject,
    pub(crate) shared_subjects: Vec<TokenSubject>,
}

/// What a user or test can override by a control.
#[derive(Debug, Default)]
pub(crate) struct TokenOverrides {
    /// A refresh token that was used less than this ago is accepted again; milliseconds.
    pub(crate) grace_ms: i64,
    /// Lifetimes of tokens issued from now on, in milliseconds; the default is the scheme's.
    pub(crate) access_lifetime_ms: Option<i64>,
    pub(crate) refresh_lifetime_ms: Option<i64>,
}

/// What the link of a code was opened with, and the exchange must repeat or prove.
#[derive(Clone, Debug, Default)]
pub(crate) struct CodeBinding {
    /// RFC 6749, section 4.1.3: the redirect address of the exchange is that of the link.
    pub(crate) redirect: Option<String>,
    /// RFC 7636, section 4.6: the SHA-256 of the verifier, in base64url.
    pub(crate) challenge: Option<String>,
}

/// What an exchange brings besides the code.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CodeProof<'a> {
    pub(crate) redirect: Option<&'a str>,
    pub(crate) verifier: Option<&'a str>,
}

/// What is wrong with an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExchangeFault {
    /// The code is unknown, used, expired, or of another subject.
    Code,
    /// The redirect address is not that of the link.
    Redirect,
    /// The verifier is missing, or its challenge is not that of the link.
    Verifier,
}

impl CodeBinding {
    fn check(&self, proof: CodeProof<'_>) -> Result<(), ExchangeFault> {
        if let (Some(bound), Some(sent)) = (&self.redirect, proof.redirect)
            && bound != sent
        {
            return Err(ExchangeFault::Redirect);
        }
        match &self.challenge {
            Some(challenge)
                if proof.verifier.map(pkce_challenge).as_deref() != Some(challenge.as_str()) =>
            {
                Err(ExchangeFault::Verifier)
            }
            _ => Ok(()),
        }
    }
}

#[derive(Debug)]
struct IssuedCode {
    subject: TokenSubject,
    code: ExpiringToken,
    binding: CodeBinding,
}

/// Everything that one marketplace has issued.
#[derive(Debug, Default)]
pub(crate) struct IssuedTokens {
    pub(crate) families: Vec<IssuedFamily>,
    codes: Vec<IssuedCode>,
    pub(super) devices: DeviceLogins,
    /// How many texts were generated, so that no two are the same.
    issued_count: u64,
    pub(crate) overrides: TokenOverrides,
}

impl IssuedTokens {
    /// The subject of a valid access token.
    #[must_use]
    pub(crate) fn subject_of(&self, access: &str, now_ms: i64) -> Option<&TokenSubject> {
        self.families
            .iter()
            .find(|family| family.accepts(access, now_ms))
            .map(|family| &family.subject)
    }

    /// The subject of an access token that is too old.
    #[must_use]
    pub(crate) fn subject_of_expired(&self, access: &str, now_ms: i64) -> Option<&TokenSubject> {
        let mut families = self.families.iter();
        let family = families.find(|family| family.has_expired(access, now_ms))?;
        Some(&family.subject)
    }

    /// Whether a text is a token or a code of this marketplace, in whatever state.
    #[must_use]
    pub(crate) fn has_issued(&self, text: &str, now_ms: i64) -> bool {
        let mut families = self.families.iter();
        families.any(|family| {
            family.accepts(text, now_ms)
                || family.current_refresh(text).is_some()
                || family.has_retired(text)
        }) || self.codes.iter().any(|issued| issued.code.value == text)
            || self.devices.has_code(text)
    }

    /// Whether the subject of an access token is penalized.
    #[must_use]
    pub(crate) fn is_penalized(&self, access: &str, now_ms: i64) -> bool {
        self.families
            .iter()
            .any(|family| family.penalized && family.accepts(access, now_ms))
    }

    /// The family of a subject; a new one if there is none.
    pub(crate) fn family(&mut self, owner: &TokenSubject) -> &mut IssuedFamily {
        let at = self.position(owner).unwrap_or_else(|| {
            self.families.push(IssuedFamily::new(owner.clone()));
            self.families.len() - 1
        });
        &mut self.families[at]
    }

    /// Ends the authorization of a token, whichever of the two it is.
    pub(crate) fn revoke(&mut self, value: &str, now_ms: i64) {
        let mut families = self.families.iter_mut();
        let holder = families.find(|family| {
            family.current_refresh(value).is_some()
                || family.has_retired(value)
                || family.accepts(value, now_ms)
        });
        if let Some(family) = holder {
            family.grant.revoked = true;
        }
    }

    fn position(&self, owner: &TokenSubject) -> Option<usize> {
        self.families
            .iter()
            .position(|family| family.subject == *owner)
    }

    /// The same token while it is young enough, else a new one. An older token stays valid until it
    /// expires.
    pub(crate) fn issue(
        &mut self,
        owner: &TokenSubject,
        rule: TokenRule<'_>,
        moment: FreshValues,
    ) -> IssuedPair {
        let now_ms = moment.unix_ms;
        let young = rule.response.reissued_within.map_or(0, millis);
        // Made before it is known to be needed, because `family` borrows all tokens. One that is
        // not handed out is not stored either.
        let access = self.new_access_token(rule.token, moment);
        let family = self.family(owner);
        family.counts.issued += 1;
        // After its tokens were revoked, the application may request others without a sign-in.
        if family.is_grant_ended(now_ms) {
            family.start_grant(IssuedGrant::UNLIMITED, now_ms);
        }
        let known = family.newest_access().filter(|known| {
            known.expires_at_ms > now_ms && now_ms - known.issued_at_ms <= young && young > 0
        });
        match known.cloned() {
            Some(known) => IssuedPair {
                subject: owner.clone(),
                access: known,
                refresh: None,
            },
            None => family.issue_pair(access, None, None),
        }
    }

    /// A code for an authorization of this subject.
    pub(crate) fn issue_code(
        &mut self,
        owner: &TokenSubject,
        life: Option<Duration>,
        binding: CodeBinding,
        moment: FreshValues,
    ) -> String {
        // Each load of the page issues codes, and most are never exchanged.
        self.codes
            .retain(|issued| issued.code.expires_at_ms > moment.unix_ms);
        let code = self.new_token("code", &owner.token, life.map_or(i64::MAX, millis), moment);
        let value = code.value.clone();
        self.codes.push(IssuedCode {
            subject: owner.clone(),
            code,
            binding,
        });
        value
    }

    /// A pair for a code. The code works once, and the tokens that its subject had are replaced.
    ///
    /// # Errors
    /// When the code is unknown, used, expired, or of none of these subjects, and when the proof is
    /// not the one that the code is bound to.
    pub(crate) fn exchange(
        &mut self,
        code: &str,
        proof: CodeProof<'_>,
        owners: &[TokenSubject],
        rule: TokenRule<'_>,
        moment: FreshValues,
    ) -> Result<IssuedPair, ExchangeFault> {
        let IssuedCode {
            subject: owner,
            binding,
            ..
        } = self.take_code(code, owners, moment.unix_ms)?;
        binding.check(proof)?;
        Ok(self.start_authorization(&owner, rule, moment))
    }

    /// A pair for a subject that a person has authorized; its earlier tokens are replaced.
    pub(super) fn start_authorization(
        &mut self,
        owner: &TokenSubject,
        rule: TokenRule<'_>,
        moment: FreshValues,
    ) -> IssuedPair {
        let now_ms = moment.unix_ms;
        let end_ms = rule
            .token
            .lifetime
            .grant
            .map_or(i64::MAX, |grant| now_ms.saturating_add(millis(grant)));
        let (access, refresh) = (
            self.new_access_token(rule.token, moment),
            self.new_refresh_token(rule.token, moment),
        );
        let family = self.family(owner);
        family.counts.exchanged += 1;
        family.start_grant(
            IssuedGrant {
                expires_at_ms: end_ms,
                revoked: false,
            },
            now_ms,
        );
        family.issue_pair(access, refresh, rule.response.old_token_grace)
    }

    /// Removes a valid code and returns it.
    fn take_code(
        &mut self,
        code: &str,
        owners: &[TokenSubject],
        now_ms: i64,
    ) -> Result<IssuedCode, ExchangeFault> {
        let is_valid = |issued: &IssuedCode| {
            issued.code.value == code
                && issued.code.expires_at_ms > now_ms
                && owners.contains(&issued.subject)
        };
        let at = self
            .codes
            .iter()
            .position(is_valid)
            .ok_or(ExchangeFault::Code)?;
        // RFC 6749, section 4.1.2: a code is used once. It is gone even if the response is lost, or
        // the proof is wrong.
        Ok(self.codes.swap_remove(at))
    }

    /// The next pair of one of the candidates.
    ///
    /// # Errors
    /// `VerifyFault::RefreshToken`, `VerifyFault::RefreshExpired` or `VerifyFault::Grant`.
    pub(crate) fn refresh(
        &mut self,
        value: &str,
        candidates: &[RefreshCandidate],
        rule: TokenRule<'_>,
        moment: FreshValues,
    ) -> Result<IssuedPair, VerifyFault> {
        let own = |fits: &dyn Fn(&IssuedFamily) -> bool| {
            candidates.iter().find_map(|candidate| {
                self.position(&candidate.subject)
                    .filter(|at| fits(&self.families[*at]))
            })
        };
        // The order matters: a shared refresh token that an owner has used once is retired for this
        // owner, and must not be split a second time while it is still current for the shared pair.
        if let Some(at) = own(&|family| family.current_refresh(value).is_some()) {
            return self.rotate(at, value, rule, moment);
        }
        if let Some(at) = own(&|family| family.has_retired(value)) {
            return self.replay_refresh(at, value, moment.unix_ms);
        }
        let (candidate, at) = self
            .find_shared(value, candidates)
            .ok_or(VerifyFault::RefreshToken)?;
        self.split(at, value, &candidate.subject, rule, moment)
    }

    /// The first candidate that a shared pair with this refresh token can be split for, and the
    /// position of the shared family.
    fn find_shared<'c>(
        &self,
        value: &str,
        candidates: &'c [RefreshCandidate],
    ) -> Option<(&'c RefreshCandidate, usize)> {
        candidates.iter().find_map(|candidate| {
            let shared = candidate
                .shared_subjects
                .iter()
                .find_map(|owner| self.position(owner));
            let at = shared.filter(|at| self.families[*at].current_refresh(value).is_some())?;
            Some((candidate, at))
        })
    }

    fn rotate(
        &mut self,
        at: usize,
        value: &str,
        rule: TokenRule<'_>,
        moment: FreshValues,
    ) -> Result<IssuedPair, VerifyFault> {
        let known = usable_refresh(&self.families[at], value, moment.unix_ms)?.clone();
        let access = self.new_access_token(rule.token, moment);
        let next = if rule.token.lifetime.is_refresh_single_use {
            self.new_refresh_token(rule.token, moment)
        } else {
            Some(known)
        };
        let family = &mut self.families[at];
        family.counts.refreshed += 1;
        if rule.token.lifetime.is_refresh_single_use {
            family.retire_refresh(moment.unix_ms);
        }
        Ok(family.issue_pair(access, next, rule.response.old_token_grace))
    }

    /// A used refresh token, sent again. Within the grace period the response is the current pair:
    /// that of the first response, unless it was used in the meantime.
    fn replay_refresh(
        &mut self,
        at: usize,
        value: &str,
        now_ms: i64,
    ) -> Result<IssuedPair, VerifyFault> {
        let grace_ms = self.overrides.grace_ms;
        let family = &mut self.families[at];
        // Never used, but replaced by a new authorization: no grace period applies.
        let Some(spent_ms) = family.used_at_ms(value) else {
            return Err(VerifyFault::RefreshToken);
        };
        family.counts.replayed += 1;
        if now_ms.saturating_sub(spent_ms) >= grace_ms {
            return Err(VerifyFault::RefreshToken);
        }
        if family.is_grant_ended(now_ms) {
            Err(VerifyFault::Grant)
        } else {
            // Not a new pair: another process may hold the current one, and would lose it.
            family.current_pair().ok_or(VerifyFault::RefreshToken)
        }
    }

    /// Starts a family for one subject from a shared pair, under the same authorization.
    fn split(
        &mut self,
        at: usize,
        value: &str,
        owner: &TokenSubject,
        rule: TokenRule<'_>,
        moment: FreshValues,
    ) -> Result<IssuedPair, VerifyFault> {
        let now_ms = moment.unix_ms;
        usable_refresh(&self.families[at], value, now_ms)?;
        // The new family ends with the authorization that it comes from, not with one of its own.
        let grant = self.families[at].grant;
        let (access, refresh) = (
            self.new_access_token(rule.token, moment),
            self.new_refresh_token(rule.token, moment),
        );
        let family = self.family(owner);
        family.counts.refreshed += 1;
        family.start_grant(grant, now_ms);
        family.retire_shared_refresh(value.to_owned(), now_ms);
        Ok(family.issue_pair(access, refresh, rule.response.old_token_grace))
    }

    fn new_access_token(&mut self, token: &Token, moment: FreshValues) -> ExpiringToken {
        let life = self
            .overrides
            .access_lifetime_ms
            .unwrap_or_else(|| millis(token.lifetime.access.unwrap_or(DEFAULT_ACCESS_LIFETIME)));
        self.new_token("access", &token.name, life, moment)
    }

    /// `None` if the scheme has no request that could use a refresh token.
    fn new_refresh_token(&mut self, token: &Token, moment: FreshValues) -> Option<ExpiringToken> {
        let life = self
            .overrides
            .refresh_lifetime_ms
            .unwrap_or_else(|| millis(token.lifetime.refresh.unwrap_or(DEFAULT_REFRESH_LIFETIME)));
        let is_used = token.refresh.is_some() || !token.splits.is_empty();
        is_used.then(|| self.new_token("refresh", &token.name, life, moment))
    }

    pub(super) fn new_code(
        &mut self,
        kind: &str,
        token: &str,
        life: Duration,
        moment: FreshValues,
    ) -> ExpiringToken {
        self.new_token(kind, token, millis(life), moment)
    }

    fn new_token(
        &mut self,
        kind: &str,
        token: &str,
        life_ms: i64,
        moment: FreshValues,
    ) -> ExpiringToken {
        // The seed of a test is fixed, so the count makes each token differ from the one before.
        self.issued_count += 1;
        let value = format!(
            "sandbox-{token}-{kind}-{}",
            moment.random_text(FIRST_RANDOM_SITE + self.issued_count, 40)
        );
        ExpiringToken {
            value,
            issued_at_ms: moment.unix_ms,
            expires_at_ms: moment.unix_ms.saturating_add(life_ms),
        }
    }
}

/// The current refresh token of a family, if it can be used.
fn usable_refresh<'c>(
    family: &'c IssuedFamily,
    value: &str,
    now_ms: i64,
) -> Result<&'c ExpiringToken, VerifyFault> {
    // A revoked authorization is reported before an expired token: only a new sign-in helps.
    if family.is_grant_ended(now_ms) {
        return Err(VerifyFault::Grant);
    }
    let known = family
        .current_refresh(value)
        .ok_or(VerifyFault::RefreshToken)?;
    if known.expires_at_ms > now_ms {
        Ok(known)
    } else {
        Err(VerifyFault::RefreshExpired)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::scheme::TokenLifetimes;
    use crate::model::template::TemplateTree;
    use crate::value::Value;

    const MINUTE: i64 = 60_000;

    fn owner(token: &str, id: i64) -> TokenSubject {
        TokenSubject {
            token: token.to_owned(),
            ids: vec![("id".into(), Value::from(id))],
        }
    }

    fn at(unix_ms: i64) -> FreshValues {
        FreshValues {
            unix_ms,
            seed: [0; 16],
        }
    }

    fn answer(old_for: Option<u64>, same_for: Option<u64>) -> TokenResponse {
        let (old_for, same_for) = (
            old_for.map(Duration::from_secs),
            same_for.map(Duration::from_secs),
        );
        TokenResponse {
            token: "shop".to_owned(),
            json: TemplateTree::constant(Value::Null),
            reissued_within: same_for,
            old_token_grace: old_for,
            accepts_json: false,
            accepted_methods: Vec::new(),
            device: None,
        }
    }

    /// A token that can be refreshed, with lives of 4 hours, 30 days and 365 days.
    fn shop(refresh_once: bool) -> Token {
        let hours = |hours: u64| Some(Duration::from_secs(hours * 3_600));
        let lifetime = TokenLifetimes {
            access: hours(4),
            refresh: hours(720),
            grant: hours(8_760),
            is_refresh_single_use: refresh_once,
        };
        let split = crate::model::scheme::TokenSplit {
            token: "shop".to_owned(),
            at: crate::span::Span::default(),
            credential: "id".to_owned(),
            ids: crate::jsonpath::JsonPath::parse("$[*]").unwrap(),
        };
        Token {
            name: "shop".to_owned(),
            lifetime,
            splits: vec![split],
            ..Token::default()
        }
    }

    fn seat(id: i64) -> [RefreshCandidate; 1] {
        [RefreshCandidate {
            subject: owner("shop", id),
            shared_subjects: vec![owner("main", 9)],
        }]
    }

    fn authorize(
        tokens: &mut IssuedTokens,
        who: &TokenSubject,
        rule: TokenRule<'_>,
        now: i64,
    ) -> IssuedPair {
        let life = Some(Duration::from_secs(600));
        let code = tokens.issue_code(who, life, CodeBinding::default(), at(now));
        tokens
            .exchange(
                &code,
                CodeProof::default(),
                std::slice::from_ref(who),
                rule,
                at(now),
            )
            .unwrap()
    }

    fn refresh_of(given: &IssuedPair) -> String {
        given.refresh.as_ref().unwrap().value.clone()
    }

    #[test]
    fn the_same_token_comes_back_while_it_is_young() {
        let lifetime = TokenLifetimes {
            access: Some(Duration::from_secs(10_800)),
            ..TokenLifetimes::default()
        };
        let (token, answer) = (
            Token {
                lifetime,
                ..Token::default()
            },
            answer(None, Some(9_000)),
        );
        let (mut tokens, who) = (IssuedTokens::default(), owner("", 1));
        let mut ask = |now: i64| {
            let given = tokens.issue(
                &who,
                TokenRule {
                    token: &token,
                    response: &answer,
                },
                at(now),
            );
            (given.access.value.clone(), given.access.seconds_left(now))
        };
        let first = ask(0);
        assert_eq!(first.1, 10_800);
        assert_eq!(ask(150 * MINUTE), (first.0.clone(), 1_800));
        let second = ask(151 * MINUTE);
        assert_ne!(second.0, first.0);
        assert_eq!(
            tokens.subject_of(&first.0, 179 * MINUTE),
            Some(&who),
            "the old one stays good until its end"
        );
        assert_eq!(tokens.subject_of(&first.0, 181 * MINUTE), None);
        tokens.family(&who).grant.revoked = true;
        assert_eq!(tokens.subject_of(&second.0, 182 * MINUTE), None);
        let third = tokens
            .issue(
                &who,
                TokenRule {
                    token: &token,
                    response: &answer,
                },
                at(182 * MINUTE),
            )
            .access
            .value;
        assert_ne!(third, second.0, "what was undone is not given again");
    }

    #[test]
    fn a_code_works_once_and_in_its_time_and_for_its_owner() {
        let (token, answer) = (shop(true), answer(None, None));
        let rule = TokenRule {
            token: &token,
            response: &answer,
        };
        let (mut tokens, who) = (IssuedTokens::default(), owner("shop", 1));
        let life = Some(Duration::from_secs(600));
        let none = CodeProof::default();
        let code = tokens.issue_code(&who, life, CodeBinding::default(), at(0));
        assert_eq!(
            tokens.exchange(&code, none, &[owner("shop", 2)], rule, at(0)),
            Err(ExchangeFault::Code)
        );
        let both = [owner("shop", 2), who.clone()];
        assert!(
            tokens
                .exchange(&code, none, &both, rule, at(10 * MINUTE - 1))
                .is_ok()
        );
        assert_eq!(
            tokens.exchange(&code, none, std::slice::from_ref(&who), rule, at(MINUTE)),
            Err(ExchangeFault::Code)
        );
        let code = tokens.issue_code(&who, life, CodeBinding::default(), at(0));
        assert_eq!(
            tokens.exchange(&code, none, &[who], rule, at(10 * MINUTE)),
            Err(ExchangeFault::Code)
        );
    }

    #[test]
    fn a_code_is_good_only_with_the_verifier_and_the_address_of_its_link() {
        let (token, answer) = (shop(true), answer(None, None));
        let rule = TokenRule {
            token: &token,
            response: &answer,
        };
        let (mut tokens, who) = (IssuedTokens::default(), owner("shop", 1));
        // RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let binding = CodeBinding {
            redirect: Some("https://a.example/cb".to_owned()),
            challenge: Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".to_owned()),
        };
        let good = CodeProof {
            redirect: Some("https://a.example/cb"),
            verifier: Some(verifier),
        };
        let challenge = binding.challenge.clone();
        let (verifier, redirect) = (ExchangeFault::Verifier, ExchangeFault::Redirect);
        for (proof, expected) in [
            (good, None),
            (
                CodeProof {
                    verifier: None,
                    ..good
                },
                Some(verifier),
            ),
            (
                CodeProof {
                    verifier: challenge.as_deref(),
                    ..good
                },
                Some(verifier),
            ),
            (
                CodeProof {
                    redirect: Some("https://b.example/cb"),
                    ..good
                },
                Some(redirect),
            ),
        ] {
            let code = tokens.issue_code(&who, None, binding.clone(), at(0));
            let mut exchange = |proof| {
                let owners = std::slice::from_ref(&who);
                tokens.exchange(&code, proof, owners, rule, at(0)).err()
            };
            assert_eq!(exchange(proof), expected);
            // Used up, right or wrong.
            assert_eq!(exchange(good), Some(ExchangeFault::Code));
        }
    }

    #[test]
    fn a_refresh_spends_the_token_and_ends_the_access_before_it() {
        let (token, answer) = (shop(true), answer(Some(300), None));
        let rule = TokenRule {
            token: &token,
            response: &answer,
        };
        let mut tokens = IssuedTokens::default();
        let first = authorize(&mut tokens, &owner("shop", 1), rule, 0);
        let second = tokens
            .refresh(&refresh_of(&first), &seat(1), rule, at(MINUTE))
            .unwrap();
        assert!(
            tokens
                .subject_of(&first.access.value, 6 * MINUTE - 1)
                .is_some()
                && tokens.subject_of(&first.access.value, 6 * MINUTE).is_none()
        );
        assert!(
            tokens
                .subject_of(&second.access.value, 240 * MINUTE)
                .is_some()
        );
        assert_eq!(
            tokens.refresh(&refresh_of(&first), &seat(1), rule, at(MINUTE)),
            Err(VerifyFault::RefreshToken)
        );
        assert_eq!(
            tokens.refresh(&refresh_of(&second), &seat(2), rule, at(MINUTE)),
            Err(VerifyFault::RefreshToken)
        );
        tokens.overrides.grace_ms = 2 * MINUTE;
        assert_eq!(
            tokens.refresh(&refresh_of(&first), &seat(1), rule, at(2 * MINUTE)),
            Ok(second.clone())
        );
        assert_eq!(
            tokens.refresh(&refresh_of(&first), &seat(1), rule, at(3 * MINUTE)),
            Err(VerifyFault::RefreshToken)
        );
        assert_eq!(tokens.family(&owner("shop", 1)).counts.replayed, 3);
        let late = 30 * 24 * 60 * MINUTE + MINUTE;
        assert_eq!(
            tokens.refresh(&refresh_of(&second), &seat(1), rule, at(late)),
            Err(VerifyFault::RefreshExpired)
        );
        tokens.family(&owner("shop", 1)).expire_grant(late);
        tokens.overrides.grace_ms = i64::MAX;
        assert_eq!(
            tokens.refresh(&refresh_of(&first), &seat(1), rule, at(late)),
            Err(VerifyFault::Grant),
            "no grace goes beyond it"
        );
        assert_eq!(
            tokens.refresh(&refresh_of(&second), &seat(1), rule, at(late)),
            Err(VerifyFault::Grant)
        );
    }

    #[test]
    fn a_refresh_token_that_is_not_used_up_stays() {
        let (token, answer) = (shop(false), answer(None, None));
        let rule = TokenRule {
            token: &token,
            response: &answer,
        };
        let mut tokens = IssuedTokens::default();
        let first = authorize(&mut tokens, &owner("shop", 1), rule, 0);
        let second = tokens
            .refresh(&refresh_of(&first), &seat(1), rule, at(MINUTE))
            .unwrap();
        assert_eq!(second.refresh, first.refresh);
        assert_ne!(second.access.value, first.access.value);
        assert!(
            tokens
                .refresh(&refresh_of(&first), &seat(1), rule, at(2 * MINUTE))
                .is_ok()
        );
        assert!(
            tokens
                .subject_of(&first.access.value, 239 * MINUTE)
                .is_some(),
            "good until its own end"
        );
    }

    #[test]
    fn a_new_authorization_replaces_the_chain() {
        let (token, answer) = (shop(true), answer(None, None));
        let rule = TokenRule {
            token: &token,
            response: &answer,
        };
        let mut tokens = IssuedTokens::default();
        tokens.overrides.grace_ms = 60 * MINUTE;
        let first = authorize(&mut tokens, &owner("shop", 1), rule, 0);
        let second = tokens
            .refresh(&refresh_of(&first), &seat(1), rule, at(0))
            .unwrap();
        authorize(&mut tokens, &owner("shop", 1), rule, MINUTE);
        for old in [first, second] {
            assert_eq!(
                tokens.refresh(&refresh_of(&old), &seat(1), rule, at(MINUTE)),
                Err(VerifyFault::RefreshToken)
            );
        }
    }

    #[test]
    fn a_shared_pair_works_once_for_each_owner() {
        let (token, answer) = (shop(true), answer(None, None));
        let rule = TokenRule {
            token: &token,
            response: &answer,
        };
        let mut tokens = IssuedTokens::default();
        let shared = refresh_of(&authorize(&mut tokens, &owner("main", 9), rule, 0));
        let one = tokens.refresh(&shared, &seat(1), rule, at(MINUTE)).unwrap();
        assert!(tokens.refresh(&shared, &seat(2), rule, at(MINUTE)).is_ok());
        assert_eq!(
            tokens.refresh(&shared, &seat(1), rule, at(MINUTE)),
            Err(VerifyFault::RefreshToken)
        );
        assert_eq!(one.subject, owner("shop", 1));
        assert!(
            tokens
                .refresh(&refresh_of(&one), &seat(1), rule, at(MINUTE))
                .is_ok()
        );
        tokens.family(&owner("main", 9)).expire_grant(3 * MINUTE);
        let three = tokens
            .refresh(&shared, &seat(3), rule, at(2 * MINUTE))
            .unwrap();
        assert_eq!(
            tokens.refresh(&refresh_of(&three), &seat(3), rule, at(3 * MINUTE)),
            Err(VerifyFault::Grant),
            "the grant is shared"
        );
        tokens.family(&owner("main", 9)).grant = IssuedGrant {
            revoked: true,
            ..IssuedGrant::UNLIMITED
        };
        assert_eq!(
            tokens.refresh(&shared, &seat(4), rule, at(MINUTE)),
            Err(VerifyFault::Grant)
        );
    }
}
