//! Sets fixtures up when they are first needed and undoes them in exact reverse, exactly once,
//! whatever fails. Before each call that makes something, the ledger knows of it.

use super::context::RunContext;
use super::exchange::SendState;
use super::step;
use super::step_execution::StepOwner;
use super::undo::{self, UndoError, UndoRequest};
use super::variables::{FixtureValue, base_variables, fixture_recording_key, set_fixtures};
use crate::event::{ErrorClass, Event, SetUpReport, StepReport, UndoFailureReport, Verdict};
use crate::jsonpath::PathMatches;
use crate::ledger::{Ledger, LedgerEntry, LedgerError, UndoBody, UndoCall};
use crate::model::fixture::{Fixture, FixtureStep, LeftoverSearch, UndoStep};
use crate::plan::{ActiveFixture, ActiveFixtureSet, FixtureKey, Unit, fixture_key};
use crate::recording::RecordingKey;
use crate::render::{
    PlaceholderScope, RenderError, VariableLayer, VariableOrigin, VariableScope, render_draft,
};
use crate::value::Value;
use crate::wire::{Draft, DraftBody};
use std::cell::RefCell;
use std::collections::HashMap;

/// What stands, what it is worth, and how it is taken back.
pub(super) struct ActiveFixtures<'l, 'w> {
    active_set: ActiveFixtureSet<'w>,
    instances: HashMap<FixtureKey, FixtureInstance<'w>>,
    /// One for the run; it begins with the first thing that is made.
    ledger: &'l RefCell<Option<Ledger>>,
}

struct FixtureInstance<'w> {
    fixture: &'w Fixture,
    /// What others see of it, or why it could not be set up: everybody who needs it is told the
    /// same.
    result: Result<FixtureValue, SetUpError>,
    pending_undos: Vec<PendingUndo<'w>>,
}

/// A call that was made and has an undo.
struct PendingUndo<'w> {
    /// In the ledger.
    ledger_number: Option<u64>,
    step: &'w FixtureStep,
    /// `None` when it is not known what was made.
    call: Option<UndoCall>,
    /// The same as recordings know it.
    unsigned: Option<Draft>,
}

/// A fixture that could not be set up.
#[derive(Clone, Debug)]
pub(super) struct SetUpError {
    pub(super) error_class: ErrorClass,
    pub(super) reason: String,
    pub(super) steps: Vec<StepReport>,
}

impl SetUpError {
    fn from_verdict(fixture: &Fixture, verdict: &Verdict, steps: Vec<StepReport>) -> Self {
        let (trouble, why) = match verdict {
            Verdict::Error(trouble, why) => (*trouble, why.to_string()),
            _ => (ErrorClass::Unable, "an expectation did not hold".to_owned()),
        };
        Self {
            error_class: trouble,
            reason: format!("the fixture `{}` could not be set up: {why}", fixture.name),
            steps,
        }
    }

    fn file_error(fixture: &Fixture, reason: &str) -> Self {
        let reason = format!(
            "the fixture `{}` could not be set up: {reason}",
            fixture.name
        );
        Self {
            error_class: ErrorClass::File,
            reason,
            steps: Vec::new(),
        }
    }
}

impl From<LedgerError> for SetUpError {
    fn from(error: LedgerError) -> Self {
        Self {
            error_class: ErrorClass::Unable,
            reason: format!("nothing is made that is not written down first: {error}"),
            steps: Vec::new(),
        }
    }
}

impl<'l, 'w> ActiveFixtures<'l, 'w> {
    #[must_use]
    pub(super) fn new(ledger: &'l RefCell<Option<Ledger>>) -> Self {
        Self {
            active_set: ActiveFixtureSet::default(),
            instances: HashMap::new(),
            ledger,
        }
    }

    /// The values of what a unit names; the fixtures it needs stand from now on.
    ///
    /// # Errors
    /// When one of them could not be set up, now or earlier. What it had made by then is undone in
    /// its turn.
    pub(super) async fn set_up(
        &mut self,
        unit: &Unit<'w>,
        context: &RunContext<'_>,
        emit: &mut dyn FnMut(Event),
    ) -> Result<Vec<FixtureValue>, SetUpError> {
        for fixture in ActiveFixtureSet::setup_order(unit) {
            let place = ActiveFixture::new(unit, fixture);
            let id = place.key.clone();
            if let Some(first) = self.active_set.teardown_before(&place) {
                self.undo_all(first, context, emit).await;
                let mut undos = Vec::new();
                // On the heap, as taking back is: most units need nothing, and all would carry the
                // room for it.
                let result = Box::pin(self.create(&mut undos, unit, fixture, context, emit)).await;
                let instance = FixtureInstance {
                    fixture,
                    result,
                    pending_undos: undos,
                };
                self.active_set.insert(place);
                self.instances.insert(id.clone(), instance);
            }
            if let Some(Err(error)) = self
                .instances
                .get_mut(&id)
                .map(|instance| &mut instance.result)
            {
                let said = error.clone();
                // What was sent is shown once.
                error.steps.clear();
                return Err(said);
            }
        }
        Ok(unit
            .request
            .needs
            .iter()
            .filter_map(|needed| self.fixture_value(unit, &needed.name))
            .collect())
    }

    fn fixture_value(&self, unit: &Unit<'_>, name: &str) -> Option<FixtureValue> {
        let fixture = unit.fixtures.iter().find(|fixture| fixture.name == name)?;
        self.instances
            .get(&fixture_key(unit, fixture))?
            .result
            .as_ref()
            .ok()
            .cloned()
    }

    /// What the fixtures that a fixture needs are worth.
    fn needed_values(&self, unit: &Unit<'_>, fixture: &Fixture) -> Vec<FixtureValue> {
        fixture
            .needs
            .iter()
            .filter_map(|needed| self.fixture_value(unit, &needed.name))
            .collect()
    }

    /// Makes one fixture, step by step; what can be undone is in `undos` before it is made.
    async fn create(
        &mut self,
        undos: &mut Vec<PendingUndo<'w>>,
        unit: &Unit<'w>,
        fixture: &'w Fixture,
        context: &RunContext<'_>,
        emit: &mut dyn FnMut(Event),
    ) -> Result<FixtureValue, SetUpError> {
        let file =
            |error: &crate::render::RenderError| SetUpError::file_error(fixture, &error.reason);
        let account = unit.account_for(fixture);
        let scheme = fixture.schemes().next();
        let mut variables = base_variables(context, context.fresh_values(), account, scheme)
            .map_err(|error| file(&error))?;
        set_fixtures(&mut variables, self.needed_values(unit, fixture));
        let param = unit
            .param(fixture)
            .map(|param| param.vars.as_slice())
            .unwrap_or_default();
        variables
            .define(param, VariableLayer::Case)
            .map_err(|error| file(&error))?;
        variables
            .define(&fixture.vars, VariableLayer::File)
            .map_err(|error| file(&error))?;
        let caller = StepOwner {
            recording_key: fixture_recording_key(unit, fixture),
            redact_rules: &[],
            unit: None,
        };
        context.state.recordings.include_redactions(
            &caller.recording_key,
            unit.fixtures
                .iter()
                .map(|other| fixture_recording_key(unit, other)),
        );
        let mut steps = Vec::new();
        for made in &fixture.steps {
            variables.set_fresh_values(context.fresh_values());
            let verdict = self
                .create_step(
                    undos,
                    fixture,
                    made,
                    &caller,
                    &mut variables,
                    &mut steps,
                    context,
                )
                .await?;
            if !verdict.is_pass() {
                return Err(SetUpError::from_verdict(fixture, &verdict, steps));
            }
        }
        emit(Event::SetUp(SetUpReport {
            fixture: fixture.name.clone(),
            steps,
        }));
        values_of(fixture, &variables).map_err(|error| file(&error))
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one step of `make`, with all that it works on"
    )]
    async fn create_step(
        &mut self,
        undos: &mut Vec<PendingUndo<'w>>,
        fixture: &Fixture,
        made: &'w FixtureStep,
        caller: &StepOwner<'_>,
        variables: &mut VariableScope,
        steps: &mut Vec<StepReport>,
        context: &RunContext<'_>,
    ) -> Result<Verdict, SetUpError> {
        let number = match &made.undo {
            Some(_) => self.open_undo(
                fixture,
                made,
                caller.recording_key.account.as_deref(),
                context,
            )?,
            None => None,
        };
        let done = step::run(caller, &made.step, variables, context).await;
        let verdict = done.report.verdict.clone();
        steps.push(StepReport {
            name: Some(step_name(fixture, made)),
            ..done.report
        });
        if made.undo.is_none() {
            return Ok(verdict);
        }
        if matches!(done.send_state, SendState::NotSent | SendState::Refused) {
            self.close_undo(number)?;
            return Ok(verdict);
        }
        let call = undo_call(made, variables, context);
        let recorded = match (number, &call, &mut *self.ledger.borrow_mut()) {
            (Some(number), Some(call), Some(ledger)) => redacted_undo(call, context)
                .and_then(|call| Ok(ledger.record_created(number, call)?)),
            _ => Ok(()),
        };
        // The run itself can undo what the ledger does not know.
        undos.push(PendingUndo {
            ledger_number: number,
            step: made,
            call,
            unsigned: recorded_undo_draft(made, variables, context),
        });
        recorded.map(|()| verdict)
    }

    /// In an environment that ends with the run there is nothing to find again.
    fn open_undo(
        &mut self,
        fixture: &Fixture,
        made: &FixtureStep,
        account: Option<&str>,
        context: &RunContext<'_>,
    ) -> Result<Option<u64>, SetUpError> {
        let Some(folder) = &context.options.ledger else {
            return Ok(None);
        };
        let mut ledger = self.ledger.borrow_mut();
        let ledger = match &mut *ledger {
            Some(ledger) => ledger,
            none => none.insert(Ledger::create(
                folder,
                &context.options.run_id,
                &context.environment.workspace.root,
            )?),
        };
        let entry = LedgerEntry {
            number: 0,
            fixture: fixture.name.clone(),
            step: made.step.name.clone().unwrap_or_default(),
            scheme: made.step.scheme.name.clone(),
            environment: context.options.environment.clone(),
            account: account.map(str::to_owned),
            at_ms: (context.environment.clock)(),
        };
        Ok(Some(ledger.record_start(entry)?))
    }

    fn close_undo(&mut self, number: Option<u64>) -> Result<(), LedgerError> {
        match (number, &mut *self.ledger.borrow_mut()) {
            (Some(number), Some(ledger)) => ledger.record_closed(number),
            _ => Ok(()),
        }
    }

    /// Undoes what ends with a unit; without a next one, everything.
    pub(super) async fn tear_down_after(
        &mut self,
        unit: &Unit<'w>,
        next: Option<&Unit<'w>>,
        context: &RunContext<'_>,
        emit: &mut dyn FnMut(Event),
    ) {
        let leaving = self.active_set.teardown_order(unit, next);
        self.undo_all(leaving, context, emit).await;
    }

    /// Undoes everything.
    pub(super) async fn tear_down_all(
        mut self,
        context: &RunContext<'_>,
        emit: &mut dyn FnMut(Event),
    ) {
        let all = self.active_set.full_teardown();
        self.undo_all(all, context, emit).await;
    }

    /// Each in its turn, whatever becomes of the others.
    async fn undo_all(
        &mut self,
        ids: Vec<FixtureKey>,
        context: &RunContext<'_>,
        emit: &mut dyn FnMut(Event),
    ) {
        for id in ids {
            self.active_set.remove(&id);
            let Some(mut instance) = self.instances.remove(&id) else {
                continue;
            };
            while let Some(pending) = instance.pending_undos.pop() {
                if context.options.keep_fixtures {
                    continue;
                }
                let number = pending.ledger_number;
                let whose =
                    RecordingKey::for_fixture(&instance.fixture.name, id.account.as_deref());
                let outcome = Box::pin(send_pending_undo(&pending, &whose, context)).await;
                let outcome = match outcome {
                    Ok(()) => self.close_undo(number).map_err(UndoError::from),
                    failed => failed,
                };
                if let Err(error) = outcome {
                    emit(Event::UndoFailed(undo_report(
                        &instance, &pending, &error, context,
                    )));
                }
            }
        }
    }
}

/// What a fixture is worth to those who need it.
fn values_of(fixture: &Fixture, variables: &VariableScope) -> Result<FixtureValue, RenderError> {
    let (mut values, mut marked, mut is_fresh) = (Vec::new(), Vec::new(), false);
    for field in &fixture.values {
        let (value, mark) = variables.render_with_placeholders(&field.value)?;
        is_fresh |= mark.is_some();
        marked.push((field.name.clone(), mark.unwrap_or_else(|| value.clone())));
        values.push((field.name.clone(), value));
    }
    let marked = is_fresh.then_some(Value::Object(marked));
    Ok(FixtureValue {
        name: fixture.name.clone(),
        value: Value::Object(values),
        marked,
    })
}

async fn send_pending_undo(
    pending: &PendingUndo<'_>,
    recording_key: &RecordingKey,
    context: &RunContext<'_>,
) -> Result<(), UndoError> {
    let (Some(call), Some(undo)) = (&pending.call, &pending.step.undo) else {
        return Err(UndoError::NothingKnown);
    };
    let request = UndoRequest {
        unsigned: pending.unsigned.as_ref(),
        ..UndoRequest::from_ledger(
            &undo.step.scheme.name,
            call,
            recording_key.clone(),
            &undo.gone,
        )?
    };
    undo::send_undo(request, context).await
}

fn undo_report(
    instance: &FixtureInstance<'_>,
    pending: &PendingUndo<'_>,
    error: &UndoError,
    context: &RunContext<'_>,
) -> UndoFailureReport {
    let mut redactor = context.state.redactor.borrow_mut();
    UndoFailureReport {
        fixture: step_name(instance.fixture, pending.step),
        at: pending
            .step
            .undo
            .as_ref()
            .map_or(pending.step.step.at, |undo| undo.step.at),
        reason: redactor.redact_for_display(&error.to_string()),
        is_in_ledger: pending.ledger_number.is_some(),
    }
}

fn step_name(fixture: &Fixture, made: &FixtureStep) -> String {
    format!(
        "{}::{}",
        fixture.name,
        made.step.name.as_deref().unwrap_or("step")
    )
}

/// The undo as recordings know it.
fn recorded_undo_draft(
    made: &FixtureStep,
    variables: &VariableScope,
    context: &RunContext<'_>,
) -> Option<Draft> {
    let step = &made
        .undo
        .as_ref()
        .filter(|_| context.state.recordings.is_enabled())?
        .step;
    render_draft(
        step,
        &PlaceholderScope(variables),
        variables.fresh_values(),
        context.environment.files,
    )
    .ok()
}

/// The undo as it will be sent. `None` when it needs something that the answer did not bring.
fn undo_call(
    made: &FixtureStep,
    variables: &VariableScope,
    context: &RunContext<'_>,
) -> Option<UndoCall> {
    let step = &made.undo.as_ref()?.step;
    let Draft {
        method,
        path,
        raw_query,
        query,
        headers,
        body,
    } = render_draft(
        step,
        variables,
        variables.fresh_values(),
        context.environment.files,
    )
    .ok()?;
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

/// The undo without secrets, whatever the response held.
///
/// # Errors
/// When that is no longer a call: then the ledger keeps nothing, rather than a secret.
fn redacted_undo(call: &UndoCall, context: &RunContext<'_>) -> Result<UndoCall, SetUpError> {
    let mut redactor = context.state.redactor.borrow_mut();
    serde_json::to_string(call)
        .and_then(|text| serde_json::from_str(&redactor.redact(&text)))
        .map_err(|error| SetUpError {
            error_class: ErrorClass::Unable,
            reason: format!("its undo cannot be written to the ledger without a secret: {error}"),
            steps: Vec::new(),
        })
}

/// The undo of everything that carries the id of a run: for things whose making got no answer.
///
/// # Errors
/// When the list cannot be got or read, or an undo needs more than the list says.
pub(crate) async fn find_leftovers(
    find: &LeftoverSearch,
    undo: &UndoStep,
    account: Option<&str>,
    run_id: &str,
    context: &RunContext<'_>,
) -> Result<Vec<Draft>, UndoError> {
    let scheme = Some(find.step.scheme.name.as_str());
    let mut variables = base_variables(context, context.fresh_values(), account, scheme)?;
    variables.set(
        "run_id",
        Value::from(run_id),
        VariableOrigin {
            layer: VariableLayer::BuiltIn,
            at: None,
        },
    );
    let list = render_draft(
        &find.step,
        &variables,
        variables.fresh_values(),
        context.environment.files,
    )?;
    let answer = undo::fetch_json(
        UndoRequest::from_step(&find.step, list, RecordingKey::without_file(account), &[]),
        context,
    )
    .await?;
    let things = match find.each.find(&answer) {
        Ok(PathMatches::One(thing)) => thing.into_iter().collect(),
        Ok(PathMatches::Many(things)) => things,
        Err(_) => {
            return Err(UndoError::ListTooLarge(find.each.as_str().to_owned()));
        }
    };
    let mut drafts = Vec::new();
    for thing in things
        .into_iter()
        .filter(|thing| has_run_id(thing, &find.tag, run_id))
    {
        let mut variables = variables.clone();
        for (name, path) in &find.capture {
            let Ok(PathMatches::One(Some(value))) = path.find(thing) else {
                return Err(UndoError::ListItemWithout(path.as_str().to_owned()));
            };
            variables.set(
                name.as_str(),
                value.clone(),
                VariableOrigin {
                    layer: VariableLayer::Capture,
                    at: None,
                },
            );
        }
        drafts.push(render_draft(
            &undo.step,
            &variables,
            variables.fresh_values(),
            context.environment.files,
        )?);
    }
    Ok(drafts)
}

fn has_run_id(thing: &Value, tag: &crate::jsonpath::JsonPath, run_id: &str) -> bool {
    matches!(tag.find(thing), Ok(PathMatches::One(Some(Value::String(text)))) if text.contains(run_id))
}
