//! Requests for tokens: which one it is, what it says read backwards, and its answer in the scheme's words.

use super::chain::{Given, Stamp};
use super::judge::{Marketplace, base_of, path_below};
use super::leaves::{Leaf, Sent, claimants, constants, extra, leaves_of, missing, read};
use super::owner::{Owner, TestAccount, ids, owners};
use super::paths::PathParts;
use super::penalty::{commits, says_all, with_parameters_in_body};
use super::reply::{Lost, Reply};
use super::tokens::{Rule, Seat};
use crate::model::scheme::{Penalty, Scheme, Token, TokenRequest};
use crate::render::Moment;
use crate::sign::{Faulty, Received, Verified};
use crate::value::Value;
use std::sync::Arc;

/// What a token is asked for with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum With {
    Credentials,
    Code,
    RefreshToken,
}

/// A request for a token that was recognised.
struct Asked<'s> {
    token: &'s Token,
    with: With,
    request: &'s TokenRequest,
    leaves: Vec<Leaf<'s>>,
    /// What is missing of it, or does not belong to it.
    odd: Option<Faulty>,
}

/// Every request for a token that the scheme has at this method and path.
fn candidates<'s>(scheme: &'s Scheme, received: &Received) -> Vec<Asked<'s>> {
    let ways = |token: &'s Token| {
        let ways = [(With::Credentials, &token.issue), (With::Code, &token.exchange), (With::RefreshToken, &token.refresh)];
        ways.into_iter().filter_map(move |(with, request)| Some((token, with, request.as_ref()?)))
    };
    let here = |request: &TokenRequest| {
        let path = base_of(scheme, request.host.as_deref(), &received.base).and_then(|base| path_below(&base, received));
        request.method == received.method && path.is_some_and(|path| PathParts::of(&request.path).fit(path))
    };
    let all = scheme.tokens.iter().flat_map(ways).filter(|(_, _, request)| here(request));
    all.map(|(token, with, request)| Asked { token, with, request, leaves: leaves_of(request), odd: None }).collect()
}

/// The request for a token that fits what was sent; several can share one path.
fn recognise<'s>(scheme: &'s Scheme, received: &Received, sent: &Sent) -> Option<Asked<'s>> {
    let mut asked = candidates(scheme, received);
    let others: Vec<Leaf<'s>> = asked.iter().flat_map(|asked| leaves_of(asked.request)).collect();
    for asked in &mut asked {
        asked.odd = missing(scheme, &asked.leaves, sent).or_else(|| extra(&asked.leaves, &others, sent));
    }
    let fitting = asked.iter().position(|asked| asked.odd.is_none()).unwrap_or(0);
    (!asked.is_empty()).then(|| asked.swap_remove(fitting))
}

/// What a code or a refresh token came with.
struct Said<'s> {
    leaves: &'s [Leaf<'s>],
    sent: &'s Sent,
    rule: Rule<'s>,
}

impl Said<'_> {
    fn read(&self, lookup: &[&str]) -> Option<(String, String)> {
        read(self.leaves, self.sent, lookup)
    }
}

/// What the answer to a token request is made from.
struct Judged<'s> {
    given: Given,
    rule: Rule<'s>,
}

/// A request for a token that does not get one.
enum Refused {
    Faulty(Faulty),
    /// The scheme does not say how it is answered.
    Unanswered,
}

impl From<Faulty> for Refused {
    fn from(faulty: Faulty) -> Self {
        Self::Faulty(faulty)
    }
}

impl Marketplace {
    /// The answer, when this is a request for a token.
    pub(super) fn token_request(&mut self, received: &Received, moment: Moment) -> Option<Result<Reply, Lost>> {
        let scheme = Arc::clone(&self.scheme);
        let sent = Sent::of(received);
        let asked = recognise(&scheme, received, &sent)?;
        self.traffic.requests += 1;
        let mut received = received.clone();
        received.base = base_of(&scheme, asked.request.host.as_deref(), &received.base)?;
        let path = received.target.split('?').next().unwrap_or_default().to_owned();
        let judged = match asked.with {
            With::Credentials => self.issue(&scheme, &asked, received, moment),
            _ => self.trade(&scheme, &asked, &received, moment),
        };
        Some(match judged {
            Ok(judged) => self.hand_over(&judged, &path, moment),
            Err(Refused::Faulty(faulty)) => Ok(self.refuse(&faulty, &path, moment)),
            Err(Refused::Unanswered) => Ok(Reply::message(501, "the scheme says no answer to this token request")),
        })
    }

    /// A token for the application's credentials alone. A mistake that the marketplace punishes later is remembered, and
    /// answered with success.
    fn issue<'s>(
        &mut self,
        scheme: &'s Scheme,
        asked: &Asked<'s>,
        received: Received,
        moment: Moment,
    ) -> Result<Judged<'s>, Refused> {
        let penalties = scheme.sandbox.iter().flat_map(|sandbox| &sandbox.penalties);
        let penalties: Vec<&Penalty> = penalties.filter(|penalty| penalty.token == asked.token.name).collect();
        let punishes = !penalties.is_empty();
        let punished = penalties.into_iter().any(|penalty| commits(penalty, &received));
        let received = if asked.request.form.is_empty() { received } else { with_parameters_in_body(received) };
        let verified = self.verify(&asked.request.procedure, None, &received, moment.unix_ms)?;
        let punished = punished || (punishes && !says_all(asked.token, &verified));
        let rule = rule(scheme, asked.token)?;
        let owner = self.issued_to(asked, &verified, &Sent::of(&received));
        let given = self.tokens.issue(&owner, rule, moment);
        self.tokens.chain(&owner).punished |= punished;
        Ok(Judged { given, rule })
    }

    /// The account that would send all of this; of those that the signature fits where none would, for a mistake in it may be
    /// one that is punished later.
    fn issued_to(&self, asked: &Asked<'_>, verified: &Verified, sent: &Sent) -> Owner {
        let fitting = claimants(&self.scheme, &self.accounts, &verified.read, &asked.leaves, sent).unwrap_or_default();
        let verified = || self.accounts.iter().find(|(name, _)| *name == verified.account).unwrap_or(&self.accounts[0]);
        Owner::of(asked.token, fitting.first().copied().unwrap_or_else(verified))
    }

    /// A pair for a code or a refresh token.
    fn trade<'s>(
        &mut self,
        scheme: &'s Scheme,
        asked: &Asked<'s>,
        received: &Received,
        moment: Moment,
    ) -> Result<Judged<'s>, Refused> {
        let verified = self.verify(&asked.request.procedure, None, received, moment.unix_ms)?;
        if let Some(odd) = &asked.odd {
            return Err(odd.clone().into());
        }
        let sent = Sent::of(received);
        constants(&asked.leaves, &sent)?;
        let rule = rule(scheme, asked.token)?;
        let accounts = claimants(scheme, &self.accounts, &verified.read, &asked.leaves, &sent)?;
        let seats = seats(scheme, asked.token, &accounts);
        let said = Said { leaves: &asked.leaves, sent: &sent, rule };
        let traded = match asked.with {
            With::Code => self.exchange(&said, &seats, moment),
            _ => self.refresh(&said, &seats, moment),
        };
        // Where it does not say for whom it is, nobody is known to be refused.
        if let (Err(_), [seat]) = (&traded, seats.as_slice()) {
            self.tokens.chain(&seat.owner).counts.refused += 1;
        }
        Ok(Judged { given: traded?, rule })
    }

    fn exchange(&mut self, said: &Said<'_>, seats: &[Seat], moment: Moment) -> Result<Given, Faulty> {
        let callbacks = self.scheme.authorize.iter().map(|link| said.read(&["callback", &link.code]));
        let (code, place) = said.read(&["code"]).or_else(|| callbacks.flatten().next()).unwrap_or_default();
        let owners: Vec<Owner> = seats.iter().map(|seat| seat.owner.clone()).collect();
        self.tokens.exchange(&code, &owners, said.rule, moment).map_err(|fault| Faulty { fault, name: place })
    }

    fn refresh(&mut self, said: &Said<'_>, seats: &[Seat], moment: Moment) -> Result<Given, Faulty> {
        let (value, place) = said.read(&["token", "refresh_token"]).unwrap_or_default();
        self.tokens.refresh(&value, seats, said.rule, moment).map_err(|fault| Faulty { fault, name: place })
    }

    /// What was given is given, also when the answer is to be lost.
    fn hand_over(&mut self, judged: &Judged<'_>, path: &str, moment: Moment) -> Result<Reply, Lost> {
        if self.traffic.after > 0 {
            self.traffic.after -= 1;
        } else if self.traffic.lose > 0 {
            self.traffic.lose -= 1;
            self.traffic.lost += 1;
            return Err(Lost);
        }
        let Given { owner, access, refresh } = &judged.given;
        let accounts: Vec<&TestAccount> = self.accounts.iter().filter(|account| owner.fits(account)).collect();
        let now_ms = moment.unix_ms;
        let of_refresh = |read: &dyn Fn(&Stamp) -> Value| refresh.as_ref().map_or(Value::Null, read);
        let names = self
            .names(path, moment)
            .and("token", access.value.as_str())
            .and("expires_in", access.seconds_left(now_ms))
            .and("expires_at", access.end_ms / 1_000)
            .and("refresh_token", of_refresh(&|refresh| Value::from(refresh.value.as_str())))
            .and("refresh_expires_in", of_refresh(&|refresh| Value::from(refresh.seconds_left(now_ms))))
            .and("refresh_expires_at", of_refresh(&|refresh| Value::from(refresh.end_ms / 1_000)))
            .and("ids", ids(&self.scheme, &accounts));
        Ok(Reply::json(200, &names.fill(&judged.rule.answer.json)))
    }
}

fn rule<'s>(scheme: &'s Scheme, token: &'s Token) -> Result<Rule<'s>, Refused> {
    let mut answers = scheme.sandbox.iter().flat_map(|sandbox| &sandbox.token_answers);
    let answer = answers.find(|answer| answer.token == token.name).ok_or(Refused::Unanswered)?;
    Ok(Rule { token, answer })
}

/// Whom a refresh can be for: every owner of the token among these accounts, with the shared pairs above it.
fn seats(scheme: &Scheme, token: &Token, accounts: &[&TestAccount]) -> Vec<Seat> {
    let parents = || scheme.tokens.iter().filter(|parent| parent.splits.iter().any(|split| split.token == token.name));
    let seat = |owner: Owner| {
        let fitting: Vec<&TestAccount> = accounts.iter().copied().filter(|account| owner.fits(account)).collect();
        Seat { shared: parents().flat_map(|parent| owners(parent, &fitting)).collect(), owner }
    };
    owners(token, accounts).into_iter().map(seat).collect()
}
