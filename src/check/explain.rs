//! From failing predicates to failures. It refuses to run for an assertion that holds: everything here may be slow.

use super::actual::Actual;
use super::answer::{Answer, Unseen};
use super::compare;
use super::condition::{Condition, Kind, Quantifier};
use super::describe;
use super::difference::{Differ, Differences};
use super::failure::Failure;
use super::misfit;
use super::schema;
use super::show::Show;
use super::verdict::{self, Verdict};
use crate::jsonpath::{Trail, locate};
use crate::model::assertion::{Assertion, Subject};
use crate::value::Value;

/// Every failing predicate of one assertion.
pub(super) fn failures(assertion: &Assertion, conditions: &[Condition<'_>], answer: &Answer<'_>) -> Vec<Failure> {
    let explain = Explain { assertion, answer, show: answer.show() };
    match answer.look(&assertion.subject) {
        Err(unseen) => vec![explain.unseen(conditions, unseen)],
        Ok(actual) if verdict::all(conditions, &actual).is_good() => Vec::new(),
        Ok(Actual::Nothing) => vec![explain.nothing(conditions)],
        Ok(actual) => explain.present(conditions, &actual),
    }
}

struct Explain<'x> {
    assertion: &'x Assertion,
    answer: &'x Answer<'x>,
    show: Show<'x>,
}

/// Where in the subject, and under which predicate, a condition is looked at.
#[derive(Clone, Default)]
struct Scene {
    under: Option<&'static str>,
    place: Option<String>,
    also: usize,
}

impl Scene {
    /// The outermost predicate is the one that a reader sees under the subject.
    fn under(&self, name: &'static str) -> Self {
        Self { under: self.under.or(Some(name)), ..self.clone() }
    }
}

impl Explain<'_> {
    fn unseen(&self, conditions: &[Condition<'_>], unseen: Unseen) -> Failure {
        Failure { actual: unseen.actual, why: Some(unseen.why), ..self.whole(&conditions.iter().collect::<Vec<_>>()) }
    }

    fn nothing(&self, conditions: &[Condition<'_>]) -> Failure {
        let bad: Vec<_> = conditions.iter().filter(|condition| !condition.verdict(&Actual::Nothing).is_good()).collect();
        Failure { actual: "nothing".to_owned(), why: self.answer.missing(&self.assertion.subject), ..self.whole(&bad) }
    }

    fn present(&self, conditions: &[Condition<'_>], actual: &Actual<'_>) -> Vec<Failure> {
        let failures = self.bad(conditions, actual, &Scene::default());
        if !failures.is_empty() {
            return failures;
        }
        // Each predicate holds for one of the values of a repeated header, but all of them for none.
        let why = Some("no one of these values meets all of it".to_owned());
        vec![Failure { actual: self.actual(actual), why, ..self.whole(&conditions.iter().collect::<Vec<_>>()) }]
    }

    /// A failure of several conditions at once.
    fn whole(&self, conditions: &[&Condition<'_>]) -> Failure {
        let expected: Vec<String> = conditions.iter().map(|condition| describe::one(&condition.kind, self.show)).collect();
        Failure {
            at: conditions.first().map_or(self.assertion.at, |condition| condition.at),
            subject: self.assertion.subject.to_string(),
            predicate: conditions.first().map_or("", |condition| condition.kind.name()),
            expected: expected.join(" and "),
            actual: String::new(),
            place: None,
            also: 0,
            why: None,
            differences: Differences::default(),
        }
    }

    fn bad(&self, conditions: &[Condition<'_>], actual: &Actual<'_>, scene: &Scene) -> Vec<Failure> {
        let bad = conditions.iter().filter(|condition| !condition.verdict(actual).is_good());
        bad.flat_map(|condition| self.condition(condition, actual, scene)).collect()
    }

    fn unfit(&self, conditions: &[Condition<'_>], actual: &Actual<'_>, scene: &Scene) -> Vec<Failure> {
        let unfit = conditions.iter().filter(|condition| condition.verdict(actual) == Verdict::Unfit);
        unfit.flat_map(|condition| self.condition(condition, actual, scene)).collect()
    }

    fn condition(&self, condition: &Condition<'_>, actual: &Actual<'_>, scene: &Scene) -> Vec<Failure> {
        let unfit = condition.verdict(actual) == Verdict::Unfit;
        match &condition.kind {
            Kind::Not(inner) if unfit => self.unfit(inner, actual, &scene.under("not")),
            Kind::Length(inner) if unfit && actual.len().is_some() => {
                self.unfit(inner, &Actual::Json(&verdict::number(actual.len().unwrap_or_default())), &scene.under("length"))
            }
            Kind::Elements(Quantifier::Each, inner) => match actual.items().filter(|items| !items.is_empty()) {
                Some(items) => inner.iter().flat_map(|inner| self.each(inner, &items, &scene.under("each"))).collect(),
                None => vec![self.failure(condition, actual, scene)],
            },
            Kind::Elements(Quantifier::None, inner) if actual.items().is_some() => self.none(condition, inner, actual, scene),
            _ => vec![self.failure(condition, actual, scene)],
        }
    }

    /// The first element that does not meet a condition, and how many others do not.
    fn each(&self, condition: &Condition<'_>, items: &[&Value], scene: &Scene) -> Vec<Failure> {
        let mut bad = items.iter().filter(|item| !condition.verdict(&Actual::Json(item)).is_good());
        let Some(first) = bad.next() else { return Vec::new() };
        let scene = Scene { place: self.place(first), also: bad.count(), ..scene.clone() };
        self.condition(condition, &Actual::Json(first), &scene)
    }

    /// The first element that is there and should not be, or of which that cannot be said.
    fn none(&self, condition: &Condition<'_>, inner: &[Condition<'_>], actual: &Actual<'_>, scene: &Scene) -> Vec<Failure> {
        let items = actual.items().unwrap_or_default();
        let of_verdict = |wanted| items.iter().filter(move |item| verdict::all(inner, &Actual::Json(item)) == wanted);
        if let Some(first) = of_verdict(Verdict::Holds).next() {
            let scene = Scene { place: self.place(first), also: of_verdict(Verdict::Holds).count() - 1, ..scene.clone() };
            return vec![Failure { why: None, ..self.failure(condition, &Actual::Json(first), &scene) }];
        }
        let Some(first) = of_verdict(Verdict::Unfit).next() else { return Vec::new() };
        let scene = Scene { place: self.place(first), also: of_verdict(Verdict::Unfit).count() - 1, ..scene.under("none") };
        self.unfit(inner, &Actual::Json(first), &scene)
    }

    fn place(&self, node: &Value) -> Option<String> {
        self.answer.json().ok().and_then(|root| locate(root, node)).map(|path| self.show.text(&path))
    }

    fn failure(&self, condition: &Condition<'_>, actual: &Actual<'_>, scene: &Scene) -> Failure {
        let (expected, shown) = self.both(&condition.kind, actual);
        Failure {
            at: condition.at,
            subject: self.assertion.subject.to_string(),
            predicate: scene.under.unwrap_or(condition.kind.name()),
            expected,
            actual: shown,
            place: scene.place.clone(),
            also: scene.also,
            why: self.why(condition, actual),
            differences: self.differences(&condition.kind, actual, scene),
        }
    }

    fn both(&self, kind: &Kind<'_>, actual: &Actual<'_>) -> (String, String) {
        let shown = match (kind, actual.len()) {
            (Kind::Equals(expected), _) => match actual.to_value() {
                Some(value) if actual.as_text().is_some() => return self.show.pair(expected, &value),
                _ => self.actual(actual),
            },
            (Kind::Length(_), Some(len)) => format!("length {len}: {}", self.actual(actual)),
            _ => self.actual(actual),
        };
        (describe::one(kind, self.show), shown)
    }

    fn actual(&self, actual: &Actual<'_>) -> String {
        match actual {
            Actual::Nothing => "nothing".to_owned(),
            Actual::Latency(latency) => describe::duration(*latency),
            Actual::Headers(values) => {
                values.iter().map(|value| self.show.bare(&Value::from(*value))).collect::<Vec<_>>().join(" and ")
            }
            other => other.to_value().map(|value| self.show.value(&value)).unwrap_or_default(),
        }
    }

    fn why(&self, condition: &Condition<'_>, actual: &Actual<'_>) -> Option<String> {
        match &condition.kind {
            Kind::Elements(Quantifier::Some, inner) => {
                self.why_none(inner, actual).or_else(|| misfit::why(condition, actual, self.show))
            }
            Kind::Includes(expected) => misfit::why(condition, actual, self.show).or_else(|| self.deeper(expected, actual)),
            _ => misfit::why(condition, actual, self.show),
        }
    }

    /// Why no element of a list meets the conditions of `some`.
    fn why_none(&self, inner: &[Condition<'_>], actual: &Actual<'_>) -> Option<String> {
        let items = actual.items()?;
        let unfit = items.iter().find(|item| verdict::all(inner, &Actual::Json(item)) == Verdict::Unfit);
        let reason = unfit.and_then(|item| inner.iter().find_map(|inner| misfit::why(inner, &Actual::Json(item), self.show)));
        reason.or_else(|| {
            Some(if items.is_empty() {
                "the list is empty".to_owned()
            } else {
                format!("none of {} elements is so", items.len())
            })
        })
    }

    /// Where an object is that `includes` does not find, because it looks at the subject itself and not further down.
    fn deeper(&self, expected: &Value, actual: &Actual<'_>) -> Option<String> {
        let Actual::Json(root) = actual else { return None };
        let place = self.place(compare::deeper(root, expected)?)?;
        Some(format!("it is further down, at {place}: name that path"))
    }

    fn differences(&self, kind: &Kind<'_>, actual: &Actual<'_>, scene: &Scene) -> Differences {
        let base = match (&scene.place, &self.assertion.subject, actual) {
            (Some(place), ..) => place.clone(),
            (None, Subject::Path(path), Actual::Json(_)) => path.text().to_owned(),
            _ => String::new(),
        };
        let (trail, mut differ) = (Trail::Start(&base), Differ::new(self.show));
        let Some(value) = actual.to_value() else { return Differences::default() };
        match (kind, &*value) {
            (Kind::Equals(expected), Value::Object(_) | Value::List(_)) if expected.type_name() == value.type_name() => {
                differ.equal(&trail, expected, &value);
            }
            (Kind::Includes(expected), Value::Object(_) | Value::List(_)) if expected.type_name() == value.type_name() => {
                differ.part(&trail, expected, &value);
            }
            (Kind::Unordered(expected), Value::List(items)) => {
                differ.unordered(&trail, expected.as_list().unwrap_or_default(), items);
            }
            (Kind::Schema(schema), _) => schema::breaches(&mut differ, schema, &trail, &value),
            _ => {}
        }
        differ.finish()
    }
}
