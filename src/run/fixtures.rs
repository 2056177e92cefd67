//! Sets fixtures up when they are first needed and undoes them in exact reverse, exactly once, whatever fails. Before each call
//! that makes something, the ledger knows of it.

use super::Context;
use super::call::Reach;
use super::recall::{self, Recall};
use super::step::{self, Caller};
use super::unit::{FixtureValue, fixture_whose, layers, moment, set_fixtures};
use crate::event::{Event, SetUpReport, StepReport, Trouble, UndoReport, Verdict};
use crate::jsonpath::Found;
use crate::model::fixture::{Find, Fixture, FixtureStep, Undo};
use crate::plan::{Id, Place, Standing, Unit, id};
use crate::recording::Whose;
use crate::render::{Layer, Marked, Origin, RenderError, Variables, draft};
use crate::store::{Ledger, LedgerEntry, LedgerError, UndoBody, UndoCall};
use crate::value::Value;
use crate::wire::{Draft, DraftBody};
use std::cell::RefCell;
use std::collections::HashMap;

/// What stands, what it is worth, and how it is taken back.
pub struct Fixtures<'l, 'w> {
    standing: Standing<'w>,
    instances: HashMap<Id, Instance<'w>>,
    /// One for the run; it begins with the first thing that is made.
    ledger: &'l RefCell<Option<Ledger>>,
}

struct Instance<'w> {
    fixture: &'w Fixture,
    /// What others see of it, or why it could not be set up: everybody who needs it is told the same.
    result: Result<FixtureValue, SetUpError>,
    undos: Vec<Pending<'w>>,
}

/// A call that was made and has an undo.
struct Pending<'w> {
    /// In the ledger.
    number: Option<u64>,
    step: &'w FixtureStep,
    /// `None` when it is not known what was made.
    call: Option<UndoCall>,
    /// The same as recordings know it.
    unsigned: Option<Draft>,
}

/// A fixture that could not be set up.
#[derive(Clone, Debug)]
pub struct SetUpError {
    pub trouble: Trouble,
    pub reason: String,
    pub steps: Vec<StepReport>,
}

impl SetUpError {
    fn of(fixture: &Fixture, verdict: &Verdict, steps: Vec<StepReport>) -> Self {
        let (trouble, why) = match verdict {
            Verdict::Error(trouble, why) => (*trouble, why.to_string()),
            _ => (Trouble::Unable, "an expectation did not hold".to_owned()),
        };
        Self { trouble, reason: format!("the fixture `{}` could not be set up: {why}", fixture.name), steps }
    }

    fn file(fixture: &Fixture, reason: &str) -> Self {
        let reason = format!("the fixture `{}` could not be set up: {reason}", fixture.name);
        Self { trouble: Trouble::File, reason, steps: Vec::new() }
    }
}

impl From<LedgerError> for SetUpError {
    fn from(error: LedgerError) -> Self {
        Self {
            trouble: Trouble::Unable,
            reason: format!("nothing is made that is not written down first: {error}"),
            steps: Vec::new(),
        }
    }
}

impl<'l, 'w> Fixtures<'l, 'w> {
    #[must_use]
    pub fn new(ledger: &'l RefCell<Option<Ledger>>) -> Self {
        Self { standing: Standing::default(), instances: HashMap::new(), ledger }
    }

    /// The values of what a unit names; the fixtures it needs stand from now on.
    ///
    /// # Errors
    /// When one of them could not be set up, now or earlier. What it had made by then is undone in its turn.
    pub async fn set_up(
        &mut self,
        unit: &Unit<'w>,
        context: &Context<'_>,
        emit: &mut dyn FnMut(Event),
    ) -> Result<Vec<FixtureValue>, SetUpError> {
        for fixture in Standing::order(unit) {
            let place = Place::new(unit, fixture);
            let id = place.id.clone();
            if let Some(first) = self.standing.before(&place) {
                self.undo(first, context, emit).await;
                let mut undos = Vec::new();
                // On the heap, as taking back is: most units need nothing, and all would carry the room for it.
                let result = Box::pin(self.make(&mut undos, unit, fixture, context, emit)).await;
                let instance = Instance { fixture, result, undos };
                self.standing.put(place);
                self.instances.insert(id.clone(), instance);
            }
            if let Some(Err(error)) = self.instances.get_mut(&id).map(|instance| &mut instance.result) {
                let said = error.clone();
                // What was sent is shown once.
                error.steps.clear();
                return Err(said);
            }
        }
        Ok(unit.request.needs.iter().filter_map(|needed| self.value(unit, &needed.name)).collect())
    }

    fn value(&self, unit: &Unit<'_>, name: &str) -> Option<FixtureValue> {
        let fixture = unit.fixtures.iter().find(|fixture| fixture.name == name)?;
        self.instances.get(&id(unit, fixture))?.result.as_ref().ok().cloned()
    }

    /// What the fixtures that a fixture needs are worth.
    fn seen(&self, unit: &Unit<'_>, fixture: &Fixture) -> Vec<FixtureValue> {
        fixture.needs.iter().filter_map(|needed| self.value(unit, &needed.name)).collect()
    }

    /// Makes one fixture, step by step; what can be undone is in `undos` before it is made.
    async fn make(
        &mut self,
        undos: &mut Vec<Pending<'w>>,
        unit: &Unit<'w>,
        fixture: &'w Fixture,
        context: &Context<'_>,
        emit: &mut dyn FnMut(Event),
    ) -> Result<FixtureValue, SetUpError> {
        let file = |error: &crate::render::RenderError| SetUpError::file(fixture, &error.reason);
        let account = unit.account_for(fixture);
        let scheme = fixture.schemes().next();
        let mut variables = layers(context, moment(context), account, scheme).map_err(|error| file(&error))?;
        set_fixtures(&mut variables, self.seen(unit, fixture));
        let param = unit.param(fixture).map(|param| param.vars.as_slice()).unwrap_or_default();
        variables.define(param, Layer::Case).map_err(|error| file(&error))?;
        variables.define(&fixture.vars, Layer::File).map_err(|error| file(&error))?;
        let caller = Caller { whose: fixture_whose(unit, fixture), redact: &[], unit: None };
        context.recordings.include(&caller.whose, unit.fixtures.iter().map(|other| fixture_whose(unit, other)));
        let mut steps = Vec::new();
        for made in &fixture.steps {
            variables.set_moment(moment(context));
            let verdict = self.make_step(undos, fixture, made, &caller, &mut variables, &mut steps, context).await?;
            if !verdict.is_pass() {
                return Err(SetUpError::of(fixture, &verdict, steps));
            }
        }
        emit(Event::SetUp(SetUpReport { fixture: fixture.name.clone(), steps }));
        value_of(fixture, &variables).map_err(|error| file(&error))
    }

    #[expect(clippy::too_many_arguments, reason = "one step of `make`, with all that it works on")]
    async fn make_step(
        &mut self,
        undos: &mut Vec<Pending<'w>>,
        fixture: &Fixture,
        made: &'w FixtureStep,
        caller: &Caller<'_>,
        variables: &mut Variables,
        steps: &mut Vec<StepReport>,
        context: &Context<'_>,
    ) -> Result<Verdict, SetUpError> {
        let number = match &made.undo {
            Some(_) => self.opened(fixture, made, caller.whose.account.as_deref(), context)?,
            None => None,
        };
        let done = step::run(caller, &made.step, variables, context).await;
        let verdict = done.report.verdict.clone();
        steps.push(StepReport { name: Some(step_name(fixture, made)), ..done.report });
        if made.undo.is_none() {
            return Ok(verdict);
        }
        if matches!(done.reach, Reach::NotSent | Reach::Refused) {
            self.closed(number)?;
            return Ok(verdict);
        }
        let (call, unsigned) = (undo_call(made, variables, context), unsigned_undo(made, variables, context));
        if let (Some(number), Some(call), Some(ledger)) = (number, &call, &mut *self.ledger.borrow_mut()) {
            // What is written down holds no secret, whatever the answer held.
            ledger.record_created(number, hidden(call, context))?;
        }
        undos.push(Pending { number, step: made, call, unsigned });
        Ok(verdict)
    }

    /// In an environment that ends with the run there is nothing to find again.
    fn opened(
        &mut self,
        fixture: &Fixture,
        made: &FixtureStep,
        account: Option<&str>,
        context: &Context<'_>,
    ) -> Result<Option<u64>, SetUpError> {
        let Some(folder) = &context.ledger else { return Ok(None) };
        let mut ledger = self.ledger.borrow_mut();
        let ledger = match &mut *ledger {
            Some(ledger) => ledger,
            none => none.insert(Ledger::create(folder, &context.run_id, &context.workspace.root)?),
        };
        let entry = LedgerEntry {
            number: 0,
            fixture: fixture.name.clone(),
            step: made.step.name.clone().unwrap_or_default(),
            scheme: made.step.scheme.name.clone(),
            environment: context.environment.clone(),
            account: account.map(str::to_owned),
            at_ms: (context.clock)(),
        };
        Ok(Some(ledger.record_start(entry)?))
    }

    fn closed(&mut self, number: Option<u64>) -> Result<(), LedgerError> {
        match (number, &mut *self.ledger.borrow_mut()) {
            (Some(number), Some(ledger)) => ledger.record_closed(number),
            _ => Ok(()),
        }
    }

    /// Undoes what ends with a unit; without a next one, everything.
    pub async fn leave(&mut self, unit: &Unit<'w>, next: Option<&Unit<'w>>, context: &Context<'_>, emit: &mut dyn FnMut(Event)) {
        let leaving = self.standing.leaving(unit, next);
        self.undo(leaving, context, emit).await;
    }

    /// Undoes everything.
    pub async fn end(mut self, context: &Context<'_>, emit: &mut dyn FnMut(Event)) {
        let all = self.standing.all();
        self.undo(all, context, emit).await;
    }

    /// Each in its turn, whatever becomes of the others.
    async fn undo(&mut self, ids: Vec<Id>, context: &Context<'_>, emit: &mut dyn FnMut(Event)) {
        for id in ids {
            self.standing.remove(&id);
            let Some(mut instance) = self.instances.remove(&id) else { continue };
            while let Some(pending) = instance.undos.pop() {
                if context.keep {
                    continue;
                }
                let number = pending.number;
                let whose = Whose::of_fixture(&instance.fixture.name, id.account.as_deref());
                let outcome = Box::pin(take_back(&pending, &whose, context)).await;
                let noted = if outcome.is_ok() { self.closed(number).map_err(|error| error.to_string()) } else { Ok(()) };
                if let Err(reason) = outcome.and(noted) {
                    emit(Event::NotUndone(not_undone(&instance, &pending, &reason, context)));
                }
            }
        }
    }
}

/// What a fixture is worth to those who need it.
fn value_of(fixture: &Fixture, variables: &Variables) -> Result<FixtureValue, RenderError> {
    let (mut values, mut marked, mut is_fresh) = (Vec::new(), Vec::new(), false);
    for field in &fixture.values {
        let (value, mark) = variables.both(&field.value)?;
        is_fresh |= mark.is_some();
        marked.push((field.name.clone(), mark.unwrap_or_else(|| value.clone())));
        values.push((field.name.clone(), value));
    }
    let marked = is_fresh.then_some(Value::Object(marked));
    Ok(FixtureValue { name: fixture.name.clone(), value: Value::Object(values), marked })
}

async fn take_back(pending: &Pending<'_>, whose: &Whose, context: &Context<'_>) -> Result<(), String> {
    let unknown = "its answer did not say what was made, so it cannot be taken back";
    let (Some(call), Some(undo)) = (&pending.call, &pending.step.undo) else { return Err(unknown.to_owned()) };
    let recall = Recall::written(&undo.step.scheme.name, call, whose.clone(), &undo.gone).ok_or(unknown)?;
    let recall = Recall { unsigned: pending.unsigned.as_ref(), ..recall };
    recall::take_back(recall, context).await
}

fn not_undone(instance: &Instance<'_>, pending: &Pending<'_>, reason: &str, context: &Context<'_>) -> UndoReport {
    let mut redactor = context.redactor.borrow_mut();
    UndoReport {
        fixture: step_name(instance.fixture, pending.step),
        at: pending.step.undo.as_ref().map_or(pending.step.step.at, |undo| undo.step.at),
        reason: redactor.show(reason),
        is_kept: pending.number.is_some(),
    }
}

fn step_name(fixture: &Fixture, made: &FixtureStep) -> String {
    format!("{}::{}", fixture.name, made.step.name.as_deref().unwrap_or("step"))
}

/// The undo as recordings know it.
fn unsigned_undo(made: &FixtureStep, variables: &Variables, context: &Context<'_>) -> Option<Draft> {
    let step = &made.undo.as_ref().filter(|_| context.recordings.are_used())?.step;
    draft(step, &Marked(variables), variables.moment(), context.files).ok()
}

/// The undo as it will be sent. `None` when it needs something that the answer did not bring.
fn undo_call(made: &FixtureStep, variables: &Variables, context: &Context<'_>) -> Option<UndoCall> {
    let step = &made.undo.as_ref()?.step;
    let Draft { method, path, raw_query, query, headers, body } =
        draft(step, variables, variables.moment(), context.files).ok()?;
    let body = match body {
        DraftBody::Json(value) => UndoBody::Json(value.to_json()),
        DraftBody::Form(pairs) => UndoBody::Form(pairs),
        DraftBody::Text(text) => UndoBody::Text(text),
        // Others are refused when the file is loaded.
        DraftBody::None | DraftBody::Multipart { .. } | DraftBody::Bytes(_) => UndoBody::None,
    };
    Some(UndoCall {
        level: step.level.as_ref().map(|level| level.name.clone()),
        method: method.name().to_owned(),
        path,
        raw_query,
        query,
        headers,
        body,
        timeout_ms: u64::try_from(step.timeout.as_millis()).unwrap_or(u64::MAX),
    })
}

fn hidden(call: &UndoCall, context: &Context<'_>) -> UndoCall {
    let mut redactor = context.redactor.borrow_mut();
    let text = redactor.redact(&serde_json::to_string(call).unwrap_or_default());
    serde_json::from_str(&text).unwrap_or_else(|_| call.clone())
}

/// The undo of everything that carries the id of a run: for things whose making got no answer.
///
/// # Errors
/// In words, when the list cannot be got or read, or an undo needs more than the list says.
pub async fn find_lost(
    find: &Find,
    undo: &Undo,
    account: Option<&str>,
    run_id: &str,
    context: &Context<'_>,
) -> Result<Vec<Draft>, String> {
    let words = |error: crate::render::RenderError| error.reason;
    let scheme = Some(find.step.scheme.name.as_str());
    let mut variables = layers(context, moment(context), account, scheme).map_err(words)?;
    variables.set("run_id", Value::from(run_id), Origin { layer: Layer::BuiltIn, at: None });
    let list = draft(&find.step, &variables, variables.moment(), context.files).map_err(words)?;
    let answer = recall::answer_of(Recall::of(&find.step, list, Whose::nobody_s(account), &[]), context).await?;
    let things = match find.each.find(&answer) {
        Ok(Found::One(thing)) => thing.into_iter().collect(),
        Ok(Found::Many(things)) => things,
        Err(_) => return Err(format!("`{}` looks at too much of the list", find.each.text())),
    };
    let mut drafts = Vec::new();
    for thing in things.into_iter().filter(|thing| carries(thing, &find.tag, run_id)) {
        let mut variables = variables.clone();
        for (name, path) in &find.capture {
            let Ok(Found::One(Some(value))) = path.find(thing) else {
                return Err(format!("a thing in the list has no `{}`", path.text()));
            };
            variables.set(name.as_str(), value.clone(), Origin { layer: Layer::Capture, at: None });
        }
        drafts.push(draft(&undo.step, &variables, variables.moment(), context.files).map_err(words)?);
    }
    Ok(drafts)
}

fn carries(thing: &Value, tag: &crate::jsonpath::JsonPath, run_id: &str) -> bool {
    matches!(tag.find(thing), Ok(Found::One(Some(Value::String(text)))) if text.contains(run_id))
}
