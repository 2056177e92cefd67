//! Every code and token that one marketplace of the sandbox has given, with its rules for giving
//! the next. Time and chance arrive as values.

use super::issued_family::{ExpiringToken, IssuedFamily, IssuedGrant, IssuedPair, millis};
use super::token_subject::TokenSubject;
use crate::model::scheme::{Token, TokenResponse, VerifyFault};
use crate::render::FreshValues;
use std::time::Duration;

/// How long an access token lives when its scheme does not say.
const DEFAULT_ACCESS_LIFETIME: Duration = Duration::from_secs(3_600);
/// The same of a refresh token.
const DEFAULT_REFRESH_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3_600);
/// Chance for tokens is taken from here on; places below are those of other texts in an answer.
const FIRST_RANDOM_SITE: u64 = 1_000;

/// The scheme's word about one token.
#[derive(Clone, Copy)]
pub(super) struct TokenRule<'s> {
    pub(super) token: &'s Token,
    pub(super) response: &'s TokenResponse,
}

/// An owner that a refresh can be for, and the owners of the shared pairs that can be split for it.
pub(super) struct RefreshCandidate {
    pub(super) subject: TokenSubject,
    pub(super) shared_subjects: Vec<TokenSubject>,
}

/// What somebody who looks on can set.
#[derive(Debug, Default)]
pub(super) struct TokenOverrides {
    /// A refresh token that was spent less than this ago is honoured again; milliseconds.
    pub(super) grace_ms: i64,
    /// Lives of tokens from now on, in milliseconds; without them the scheme's.
    pub(super) access_lifetime_ms: Option<i64>,
    pub(super) refresh_lifetime_ms: Option<i64>,
}

/// Everything that one marketplace has given.
#[derive(Debug, Default)]
pub(super) struct IssuedTokens {
    pub(super) families: Vec<IssuedFamily>,
    codes: Vec<(TokenSubject, ExpiringToken)>,
    /// How many texts were made, so that no two are the same.
    issued_count: u64,
    pub(super) overrides: TokenOverrides,
}

impl IssuedTokens {
    /// Whose good access token this is.
    #[must_use]
    pub(super) fn subject_of(&self, access: &str, now_ms: i64) -> Option<&TokenSubject> {
        self.families
            .iter()
            .find(|chain| chain.accepts(access, now_ms))
            .map(|chain| &chain.subject)
    }

    /// Whether its owner is being punished.
    #[must_use]
    pub(super) fn is_penalized(&self, access: &str, now_ms: i64) -> bool {
        self.families
            .iter()
            .any(|chain| chain.penalized && chain.accepts(access, now_ms))
    }

    /// The chain of an owner, begun if need be.
    pub(super) fn family(&mut self, owner: &TokenSubject) -> &mut IssuedFamily {
        let at = self.position(owner).unwrap_or_else(|| {
            self.families.push(IssuedFamily::new(owner.clone()));
            self.families.len() - 1
        });
        &mut self.families[at]
    }

    fn position(&self, owner: &TokenSubject) -> Option<usize> {
        self.families
            .iter()
            .position(|chain| chain.subject == *owner)
    }

    /// The same token while it is young enough, else a new one; an older one stays good until its
    /// own end.
    pub(super) fn issue(
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
        let chain = self.family(owner);
        chain.counts.issued += 1;
        // The application may ask again after its tokens were taken back, and gets others.
        if chain.is_grant_ended(now_ms) {
            chain.start_grant(IssuedGrant::UNLIMITED, now_ms);
        }
        let known = chain.newest_access().filter(|known| {
            known.expires_at_ms > now_ms && now_ms - known.issued_at_ms <= young && young > 0
        });
        match known.cloned() {
            Some(known) => IssuedPair {
                subject: owner.clone(),
                access: known,
                refresh: None,
            },
            None => chain.issue_pair(access, None, None),
        }
    }

    /// A code for an authorization of this owner.
    pub(super) fn issue_code(
        &mut self,
        owner: &TokenSubject,
        life: Option<Duration>,
        moment: FreshValues,
    ) -> String {
        self.codes
            .retain(|(_, code)| code.expires_at_ms > moment.unix_ms);
        let code = self.new_token("code", &owner.token, life.map_or(i64::MAX, millis), moment);
        self.codes.push((owner.clone(), code.clone()));
        code.value
    }

    /// A pair for a code; the code works once, and what its owner had before is replaced.
    ///
    /// # Errors
    /// `Fault::Code` when it is unknown, used, too old, or of none of these owners.
    pub(super) fn exchange(
        &mut self,
        code: &str,
        owners: &[TokenSubject],
        rule: TokenRule<'_>,
        moment: FreshValues,
    ) -> Result<IssuedPair, VerifyFault> {
        let now_ms = moment.unix_ms;
        let good = |(owner, known): &(TokenSubject, ExpiringToken)| {
            known.value == code && known.expires_at_ms > now_ms && owners.contains(owner)
        };
        let at = self.codes.iter().position(good).ok_or(VerifyFault::Code)?;
        // RFC 6749, section 4.1.2: a code is used once. It is gone even if the response is lost.
        let (owner, _) = self.codes.swap_remove(at);
        let end_ms = rule
            .token
            .lifetime
            .grant
            .map_or(i64::MAX, |grant| now_ms.saturating_add(millis(grant)));
        let (access, refresh) = (
            self.new_access_token(rule.token, moment),
            self.new_refresh_token(rule.token, moment),
        );
        let chain = self.family(&owner);
        chain.counts.exchanged += 1;
        chain.start_grant(
            IssuedGrant {
                expires_at_ms: end_ms,
                revoked: false,
            },
            now_ms,
        );
        Ok(chain.issue_pair(access, refresh, rule.response.old_token_grace))
    }

    /// The next pair of one of the owners.
    ///
    /// # Errors
    /// `Fault::RefreshToken`, `Fault::RefreshExpired` or `Fault::Grant`.
    pub(super) fn refresh(
        &mut self,
        value: &str,
        seats: &[RefreshCandidate],
        rule: TokenRule<'_>,
        moment: FreshValues,
    ) -> Result<IssuedPair, VerifyFault> {
        let own = |fits: &dyn Fn(&IssuedFamily) -> bool| {
            seats.iter().find_map(|seat| {
                self.position(&seat.subject)
                    .filter(|at| fits(&self.families[*at]))
            })
        };
        // The order matters: a shared refresh token that an owner has used once is retired for this
        // owner, and must not be split a second time while it is still current for the shared pair.
        if let Some(at) = own(&|chain| chain.current_refresh(value).is_some()) {
            return self.rotate(at, value, rule, moment);
        }
        if let Some(at) = own(&|chain| chain.has_retired(value)) {
            return self.replay_refresh(at, value, moment.unix_ms);
        }
        let split = seats.iter().find_map(|seat| {
            let shared = seat
                .shared_subjects
                .iter()
                .find_map(|owner| self.position(owner));
            Some((
                seat,
                shared.filter(|at| self.families[*at].current_refresh(value).is_some())?,
            ))
        });
        let (seat, at) = split.ok_or(VerifyFault::RefreshToken)?;
        self.split(at, value, &seat.subject, rule, moment)
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
        let chain = &mut self.families[at];
        chain.counts.refreshed += 1;
        if rule.token.lifetime.is_refresh_single_use {
            chain.retire_refresh(moment.unix_ms);
        }
        Ok(chain.issue_pair(access, next, rule.response.old_token_grace))
    }

    /// Within the grace the answer is the current pair: that of the first answer, unless it was
    /// used in the meantime. Nothing is spent by it, and whoever else holds that pair keeps it;
    /// a new pair would take it from them.
    fn replay_refresh(
        &mut self,
        at: usize,
        value: &str,
        now_ms: i64,
    ) -> Result<IssuedPair, VerifyFault> {
        let grace_ms = self.overrides.grace_ms;
        let chain = &mut self.families[at];
        let Some(spent_ms) = chain.used_at_ms(value) else {
            return Err(VerifyFault::RefreshToken);
        };
        chain.counts.replayed += 1;
        if now_ms.saturating_sub(spent_ms) >= grace_ms {
            return Err(VerifyFault::RefreshToken);
        }
        if chain.is_grant_ended(now_ms) {
            Err(VerifyFault::Grant)
        } else {
            chain.current_pair().ok_or(VerifyFault::RefreshToken)
        }
    }

    /// An owner gets a chain of its own out of a shared pair, under the same authorization.
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
        let chain = self.family(owner);
        chain.counts.refreshed += 1;
        chain.start_grant(grant, now_ms);
        chain.retire_shared_refresh(value.to_owned(), now_ms);
        Ok(chain.issue_pair(access, refresh, rule.response.old_token_grace))
    }

    fn new_access_token(&mut self, token: &Token, moment: FreshValues) -> ExpiringToken {
        let life = self
            .overrides
            .access_lifetime_ms
            .unwrap_or_else(|| millis(token.lifetime.access.unwrap_or(DEFAULT_ACCESS_LIFETIME)));
        self.new_token("access", &token.name, life, moment)
    }

    /// `None` for a token that nobody can refresh or split.
    fn new_refresh_token(&mut self, token: &Token, moment: FreshValues) -> Option<ExpiringToken> {
        let life = self
            .overrides
            .refresh_lifetime_ms
            .unwrap_or_else(|| millis(token.lifetime.refresh.unwrap_or(DEFAULT_REFRESH_LIFETIME)));
        let is_used = token.refresh.is_some() || !token.splits.is_empty();
        is_used.then(|| self.new_token("refresh", &token.name, life, moment))
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

/// The current refresh token of a chain, when it can be used.
fn usable_refresh<'c>(
    chain: &'c IssuedFamily,
    value: &str,
    now_ms: i64,
) -> Result<&'c ExpiringToken, VerifyFault> {
    if chain.is_grant_ended(now_ms) {
        return Err(VerifyFault::Grant);
    }
    // A revoked authorization is reported before an expired token: only a new sign-in helps.
    let known = chain
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
        let code = tokens.issue_code(who, Some(Duration::from_secs(600)), at(now));
        tokens
            .exchange(&code, std::slice::from_ref(who), rule, at(now))
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
        assert_ne!(third, second.0, "what was taken back is not given again");
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
        let code = tokens.issue_code(&who, life, at(0));
        assert_eq!(
            tokens.exchange(&code, &[owner("shop", 2)], rule, at(0)),
            Err(VerifyFault::Code)
        );
        assert!(
            tokens
                .exchange(
                    &code,
                    &[owner("shop", 2), who.clone()],
                    rule,
                    at(10 * MINUTE - 1)
                )
                .is_ok()
        );
        assert_eq!(
            tokens.exchange(&code, std::slice::from_ref(&who), rule, at(MINUTE)),
            Err(VerifyFault::Code)
        );
        let code = tokens.issue_code(&who, life, at(0));
        assert_eq!(
            tokens.exchange(&code, &[who], rule, at(10 * MINUTE)),
            Err(VerifyFault::Code)
        );
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
