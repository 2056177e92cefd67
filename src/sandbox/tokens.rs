//! Every code and token that one marketplace of the sandbox has given, with its rules for giving the next. Time and chance
//! arrive as values.

use super::chain::{Chain, Given, Grant, Stamp, ms};
use super::owner::Owner;
use crate::model::scheme::{Fault, Token, TokenAnswer};
use crate::render::Moment;
use std::time::Duration;

/// How long an access token lives when its scheme does not say.
const USUAL_LIFE: Duration = Duration::from_secs(3_600);
/// The same of a refresh token.
const USUAL_REFRESH_LIFE: Duration = Duration::from_secs(30 * 24 * 3_600);
/// Chance for tokens is taken from here on; places below are those of other texts in an answer.
const FIRST_SITE: u64 = 1_000;

/// The scheme's word about one token.
#[derive(Clone, Copy)]
pub struct Rule<'s> {
    pub token: &'s Token,
    pub answer: &'s TokenAnswer,
}

/// An owner that a refresh can be for, and the owners of the shared pairs that can be split for it.
pub struct Seat {
    pub owner: Owner,
    pub shared: Vec<Owner>,
}

/// What somebody who looks on can set.
#[derive(Debug, Default)]
pub struct Settings {
    /// A refresh token that was spent less than this ago is honoured again; milliseconds.
    pub grace_ms: i64,
    /// Lives of tokens from now on, in milliseconds; without them the scheme's.
    pub access_ms: Option<i64>,
    pub refresh_ms: Option<i64>,
}

/// Everything that one marketplace has given.
#[derive(Debug, Default)]
pub struct Tokens {
    pub chains: Vec<Chain>,
    codes: Vec<(Owner, Stamp)>,
    /// How many texts were made, so that no two are the same.
    made: u64,
    pub settings: Settings,
}

impl Tokens {
    /// Whose good access token this is.
    #[must_use]
    pub fn owner(&self, access: &str, now_ms: i64) -> Option<&Owner> {
        self.chains.iter().find(|chain| chain.accepts(access, now_ms)).map(|chain| &chain.owner)
    }

    /// Whether its owner is being punished.
    #[must_use]
    pub fn is_punished(&self, access: &str, now_ms: i64) -> bool {
        self.chains.iter().any(|chain| chain.punished && chain.accepts(access, now_ms))
    }

    /// The chain of an owner, begun if need be.
    pub fn chain(&mut self, owner: &Owner) -> &mut Chain {
        let at = self.position(owner).unwrap_or_else(|| {
            self.chains.push(Chain::new(owner.clone()));
            self.chains.len() - 1
        });
        &mut self.chains[at]
    }

    fn position(&self, owner: &Owner) -> Option<usize> {
        self.chains.iter().position(|chain| chain.owner == *owner)
    }

    /// The same token while it is young enough, else a new one; an older one stays good until its own end.
    pub fn issue(&mut self, owner: &Owner, rule: Rule<'_>, moment: Moment) -> Given {
        let now_ms = moment.unix_ms;
        let young = rule.answer.same_for.map_or(0, ms);
        let access = self.access(rule.token, moment);
        let chain = self.chain(owner);
        chain.counts.issued += 1;
        // The application may ask again after its tokens were taken back, and gets others.
        if chain.is_over(now_ms) {
            chain.begin(Grant::ENDLESS, now_ms);
        }
        let known = chain.newest().filter(|known| known.end_ms > now_ms && now_ms - known.made_ms <= young && young > 0);
        match known.cloned() {
            Some(known) => Given { owner: owner.clone(), access: known, refresh: None },
            None => chain.give(access, None, None),
        }
    }

    /// A code for an authorization of this owner.
    pub fn code(&mut self, owner: &Owner, life: Option<Duration>, moment: Moment) -> String {
        self.codes.retain(|(_, code)| code.end_ms > moment.unix_ms);
        let code = self.stamp("code", &owner.token, life.map_or(i64::MAX, ms), moment);
        self.codes.push((owner.clone(), code.clone()));
        code.value
    }

    /// A pair for a code; the code works once, and what its owner had before is replaced.
    ///
    /// # Errors
    /// `Fault::Code` when it is unknown, used, too old, or of none of these owners.
    pub fn exchange(&mut self, code: &str, owners: &[Owner], rule: Rule<'_>, moment: Moment) -> Result<Given, Fault> {
        let now_ms = moment.unix_ms;
        let good = |(owner, known): &(Owner, Stamp)| known.value == code && known.end_ms > now_ms && owners.contains(owner);
        let at = self.codes.iter().position(good).ok_or(Fault::Code)?;
        let (owner, _) = self.codes.swap_remove(at);
        let end_ms = rule.token.lifetime.grant.map_or(i64::MAX, |grant| now_ms.saturating_add(ms(grant)));
        let (access, refresh) = (self.access(rule.token, moment), self.refresh_token(rule.token, moment));
        let chain = self.chain(&owner);
        chain.counts.exchanged += 1;
        chain.begin(Grant { end_ms, revoked: false }, now_ms);
        Ok(chain.give(access, refresh, rule.answer.old_for))
    }

    /// The next pair of one of the owners.
    ///
    /// # Errors
    /// `Fault::RefreshToken`, `Fault::RefreshExpired` or `Fault::Grant`.
    pub fn refresh(&mut self, value: &str, seats: &[Seat], rule: Rule<'_>, moment: Moment) -> Result<Given, Fault> {
        let own = |fits: &dyn Fn(&Chain) -> bool| {
            seats.iter().find_map(|seat| self.position(&seat.owner).filter(|at| fits(&self.chains[*at])))
        };
        if let Some(at) = own(&|chain| chain.holds(value).is_some()) {
            return self.rotate(at, value, rule, moment);
        }
        if let Some(at) = own(&|chain| chain.held(value)) {
            return self.again(at, value, moment.unix_ms);
        }
        let split = seats.iter().find_map(|seat| {
            let shared = seat.shared.iter().find_map(|owner| self.position(owner));
            Some((seat, shared.filter(|at| self.chains[*at].holds(value).is_some())?))
        });
        let (seat, at) = split.ok_or(Fault::RefreshToken)?;
        self.split(at, value, &seat.owner, rule, moment)
    }

    fn rotate(&mut self, at: usize, value: &str, rule: Rule<'_>, moment: Moment) -> Result<Given, Fault> {
        let known = usable(&self.chains[at], value, moment.unix_ms)?.clone();
        let access = self.access(rule.token, moment);
        let next = if rule.token.lifetime.refresh_once { self.refresh_token(rule.token, moment) } else { Some(known) };
        let chain = &mut self.chains[at];
        chain.counts.refreshed += 1;
        if rule.token.lifetime.refresh_once {
            chain.spend(moment.unix_ms);
        }
        Ok(chain.give(access, next, rule.answer.old_for))
    }

    /// Within the grace the answer is the current pair: that of the first answer, unless it was used in the meantime. Nothing
    /// is spent by it, and whoever else holds that pair keeps it; a new pair would take it from them.
    fn again(&mut self, at: usize, value: &str, now_ms: i64) -> Result<Given, Fault> {
        let grace_ms = self.settings.grace_ms;
        let chain = &mut self.chains[at];
        let Some(spent_ms) = chain.spent_ms(value) else { return Err(Fault::RefreshToken) };
        chain.counts.replayed += 1;
        if now_ms.saturating_sub(spent_ms) >= grace_ms {
            return Err(Fault::RefreshToken);
        }
        if chain.is_over(now_ms) { Err(Fault::Grant) } else { chain.given().ok_or(Fault::RefreshToken) }
    }

    /// An owner gets a chain of its own out of a shared pair, under the same authorization.
    fn split(&mut self, at: usize, value: &str, owner: &Owner, rule: Rule<'_>, moment: Moment) -> Result<Given, Fault> {
        let now_ms = moment.unix_ms;
        usable(&self.chains[at], value, now_ms)?;
        let grant = self.chains[at].grant;
        let (access, refresh) = (self.access(rule.token, moment), self.refresh_token(rule.token, moment));
        let chain = self.chain(owner);
        chain.counts.refreshed += 1;
        chain.begin(grant, now_ms);
        chain.spent_here(value.to_owned(), now_ms);
        Ok(chain.give(access, refresh, rule.answer.old_for))
    }

    fn access(&mut self, token: &Token, moment: Moment) -> Stamp {
        let life = self.settings.access_ms.unwrap_or_else(|| ms(token.lifetime.access.unwrap_or(USUAL_LIFE)));
        self.stamp("access", &token.name, life, moment)
    }

    /// `None` for a token that nobody can refresh or split.
    fn refresh_token(&mut self, token: &Token, moment: Moment) -> Option<Stamp> {
        let life = self.settings.refresh_ms.unwrap_or_else(|| ms(token.lifetime.refresh.unwrap_or(USUAL_REFRESH_LIFE)));
        let is_used = token.refresh.is_some() || !token.splits.is_empty();
        is_used.then(|| self.stamp("refresh", &token.name, life, moment))
    }

    fn stamp(&mut self, kind: &str, token: &str, life_ms: i64, moment: Moment) -> Stamp {
        self.made += 1;
        let value = format!("sandbox-{token}-{kind}-{}", moment.random(FIRST_SITE + self.made, 40));
        Stamp { value, made_ms: moment.unix_ms, end_ms: moment.unix_ms.saturating_add(life_ms) }
    }
}

/// The current refresh token of a chain, when it can be used.
fn usable<'c>(chain: &'c Chain, value: &str, now_ms: i64) -> Result<&'c Stamp, Fault> {
    if chain.is_over(now_ms) {
        return Err(Fault::Grant);
    }
    let known = chain.holds(value).ok_or(Fault::RefreshToken)?;
    if known.end_ms > now_ms { Ok(known) } else { Err(Fault::RefreshExpired) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::scheme::Lifetime;
    use crate::model::template::Tree;
    use crate::value::Value;

    const MINUTE: i64 = 60_000;

    fn owner(token: &str, id: i64) -> Owner {
        Owner { token: token.to_owned(), ids: vec![("id".into(), Value::from(id))] }
    }

    fn at(unix_ms: i64) -> Moment {
        Moment { unix_ms, seed: [0; 16] }
    }

    fn answer(old_for: Option<u64>, same_for: Option<u64>) -> TokenAnswer {
        let (old_for, same_for) = (old_for.map(Duration::from_secs), same_for.map(Duration::from_secs));
        TokenAnswer { token: "shop".to_owned(), json: Tree::constant(Value::Null), same_for, old_for }
    }

    /// A token that can be refreshed, with lives of 4 hours, 30 days and 365 days.
    fn shop(refresh_once: bool) -> Token {
        let hours = |hours: u64| Some(Duration::from_secs(hours * 3_600));
        let lifetime = Lifetime { access: hours(4), refresh: hours(720), grant: hours(8_760), refresh_once };
        let split = crate::model::scheme::Split {
            token: "shop".to_owned(),
            at: crate::span::Span::default(),
            credential: "id".to_owned(),
            ids: crate::jsonpath::JsonPath::parse("$[*]").unwrap(),
        };
        Token { name: "shop".to_owned(), lifetime, splits: vec![split], ..Token::default() }
    }

    fn seat(id: i64) -> [Seat; 1] {
        [Seat { owner: owner("shop", id), shared: vec![owner("main", 9)] }]
    }

    fn authorize(tokens: &mut Tokens, who: &Owner, rule: Rule<'_>, now: i64) -> Given {
        let code = tokens.code(who, Some(Duration::from_secs(600)), at(now));
        tokens.exchange(&code, std::slice::from_ref(who), rule, at(now)).unwrap()
    }

    fn refresh_of(given: &Given) -> String {
        given.refresh.as_ref().unwrap().value.clone()
    }

    #[test]
    fn the_same_token_comes_back_while_it_is_young() {
        let lifetime = Lifetime { access: Some(Duration::from_secs(10_800)), ..Lifetime::default() };
        let (token, answer) = (Token { lifetime, ..Token::default() }, answer(None, Some(9_000)));
        let (mut tokens, who) = (Tokens::default(), owner("", 1));
        let mut ask = |now: i64| {
            let given = tokens.issue(&who, Rule { token: &token, answer: &answer }, at(now));
            (given.access.value.clone(), given.access.seconds_left(now))
        };
        let first = ask(0);
        assert_eq!(first.1, 10_800);
        assert_eq!(ask(150 * MINUTE), (first.0.clone(), 1_800));
        let second = ask(151 * MINUTE);
        assert_ne!(second.0, first.0);
        assert_eq!(tokens.owner(&first.0, 179 * MINUTE), Some(&who), "the old one stays good until its end");
        assert_eq!(tokens.owner(&first.0, 181 * MINUTE), None);
        tokens.chain(&who).grant.revoked = true;
        assert_eq!(tokens.owner(&second.0, 182 * MINUTE), None);
        let third = tokens.issue(&who, Rule { token: &token, answer: &answer }, at(182 * MINUTE)).access.value;
        assert_ne!(third, second.0, "what was taken back is not given again");
    }

    #[test]
    fn a_code_works_once_and_in_its_time_and_for_its_owner() {
        let (token, answer) = (shop(true), answer(None, None));
        let rule = Rule { token: &token, answer: &answer };
        let (mut tokens, who) = (Tokens::default(), owner("shop", 1));
        let life = Some(Duration::from_secs(600));
        let code = tokens.code(&who, life, at(0));
        assert_eq!(tokens.exchange(&code, &[owner("shop", 2)], rule, at(0)), Err(Fault::Code));
        assert!(tokens.exchange(&code, &[owner("shop", 2), who.clone()], rule, at(10 * MINUTE - 1)).is_ok());
        assert_eq!(tokens.exchange(&code, std::slice::from_ref(&who), rule, at(MINUTE)), Err(Fault::Code));
        let code = tokens.code(&who, life, at(0));
        assert_eq!(tokens.exchange(&code, &[who], rule, at(10 * MINUTE)), Err(Fault::Code));
    }

    #[test]
    fn a_refresh_spends_the_token_and_ends_the_access_before_it() {
        let (token, answer) = (shop(true), answer(Some(300), None));
        let rule = Rule { token: &token, answer: &answer };
        let mut tokens = Tokens::default();
        let first = authorize(&mut tokens, &owner("shop", 1), rule, 0);
        let second = tokens.refresh(&refresh_of(&first), &seat(1), rule, at(MINUTE)).unwrap();
        assert!(
            tokens.owner(&first.access.value, 6 * MINUTE - 1).is_some()
                && tokens.owner(&first.access.value, 6 * MINUTE).is_none()
        );
        assert!(tokens.owner(&second.access.value, 240 * MINUTE).is_some());
        assert_eq!(tokens.refresh(&refresh_of(&first), &seat(1), rule, at(MINUTE)), Err(Fault::RefreshToken));
        assert_eq!(tokens.refresh(&refresh_of(&second), &seat(2), rule, at(MINUTE)), Err(Fault::RefreshToken));
        tokens.settings.grace_ms = 2 * MINUTE;
        assert_eq!(tokens.refresh(&refresh_of(&first), &seat(1), rule, at(2 * MINUTE)), Ok(second.clone()));
        assert_eq!(tokens.refresh(&refresh_of(&first), &seat(1), rule, at(3 * MINUTE)), Err(Fault::RefreshToken));
        assert_eq!(tokens.chain(&owner("shop", 1)).counts.replayed, 3);
        let late = 30 * 24 * 60 * MINUTE + MINUTE;
        assert_eq!(tokens.refresh(&refresh_of(&second), &seat(1), rule, at(late)), Err(Fault::RefreshExpired));
        tokens.chain(&owner("shop", 1)).expire_grant(late);
        tokens.settings.grace_ms = i64::MAX;
        assert_eq!(tokens.refresh(&refresh_of(&first), &seat(1), rule, at(late)), Err(Fault::Grant), "no grace goes beyond it");
        assert_eq!(tokens.refresh(&refresh_of(&second), &seat(1), rule, at(late)), Err(Fault::Grant));
    }

    #[test]
    fn a_refresh_token_that_is_not_used_up_stays() {
        let (token, answer) = (shop(false), answer(None, None));
        let rule = Rule { token: &token, answer: &answer };
        let mut tokens = Tokens::default();
        let first = authorize(&mut tokens, &owner("shop", 1), rule, 0);
        let second = tokens.refresh(&refresh_of(&first), &seat(1), rule, at(MINUTE)).unwrap();
        assert_eq!(second.refresh, first.refresh);
        assert_ne!(second.access.value, first.access.value);
        assert!(tokens.refresh(&refresh_of(&first), &seat(1), rule, at(2 * MINUTE)).is_ok());
        assert!(tokens.owner(&first.access.value, 239 * MINUTE).is_some(), "good until its own end");
    }

    #[test]
    fn a_new_authorization_replaces_the_chain() {
        let (token, answer) = (shop(true), answer(None, None));
        let rule = Rule { token: &token, answer: &answer };
        let mut tokens = Tokens::default();
        tokens.settings.grace_ms = 60 * MINUTE;
        let first = authorize(&mut tokens, &owner("shop", 1), rule, 0);
        let second = tokens.refresh(&refresh_of(&first), &seat(1), rule, at(0)).unwrap();
        authorize(&mut tokens, &owner("shop", 1), rule, MINUTE);
        for old in [first, second] {
            assert_eq!(tokens.refresh(&refresh_of(&old), &seat(1), rule, at(MINUTE)), Err(Fault::RefreshToken));
        }
    }

    #[test]
    fn a_shared_pair_works_once_for_each_owner() {
        let (token, answer) = (shop(true), answer(None, None));
        let rule = Rule { token: &token, answer: &answer };
        let mut tokens = Tokens::default();
        let shared = refresh_of(&authorize(&mut tokens, &owner("main", 9), rule, 0));
        let one = tokens.refresh(&shared, &seat(1), rule, at(MINUTE)).unwrap();
        assert!(tokens.refresh(&shared, &seat(2), rule, at(MINUTE)).is_ok());
        assert_eq!(tokens.refresh(&shared, &seat(1), rule, at(MINUTE)), Err(Fault::RefreshToken));
        assert_eq!(one.owner, owner("shop", 1));
        assert!(tokens.refresh(&refresh_of(&one), &seat(1), rule, at(MINUTE)).is_ok());
        tokens.chain(&owner("main", 9)).expire_grant(3 * MINUTE);
        let three = tokens.refresh(&shared, &seat(3), rule, at(2 * MINUTE)).unwrap();
        assert_eq!(tokens.refresh(&refresh_of(&three), &seat(3), rule, at(3 * MINUTE)), Err(Fault::Grant), "the grant is shared");
        tokens.chain(&owner("main", 9)).grant = Grant { revoked: true, ..Grant::ENDLESS };
        assert_eq!(tokens.refresh(&shared, &seat(4), rule, at(MINUTE)), Err(Fault::Grant));
    }
}
