//! Sets fixtures up when a unit first needs them, and undoes them once, in reverse order, whatever
//! fails. The ledger has an entry for each call that creates something before the call is sent.

use super::access::AccessError;
use super::context::RunContext;
use super::exchange::SendState;
use super::step;
use super::step_error::StepError;
use super::step_execution::StepOwner;
use super::undo::{self, UndoError, UndoRequest};
use super::undo_seal::{CheckedUndo, recorded_undo};
use super::variables::{FixtureValue, base_variables, fixture_recording_key, set_fixtures};
use crate::event::{ErrorClass, Event, SetUpReport, StepReport, UndoFailureReport, Verdict};
use crate::jsonpath::PathMatches;
use crate::ledger::{Ledger, LedgerEntry, LedgerError, UndoBody, UndoCall};
use crate::model::fixture::{Fixture, FixtureStep, LeftoverSearch, UndoStep};
use crate::model::request::{SpannedName, Step};
use crate::plan::{
    ActiveFixture, ActiveFixtureSet, FixtureKey, Unit, fixture_key, fixture_secrets,
};
use crate::recording::RecordingKey;
use crate::render::{
    PlaceholderScope, RenderError, VariableLayer, VariableOrigin, VariableScope, render_draft,
};
use crate::tokens::StoreError;
use crate::value::{JsonRef, Value};
use crate::wire::{Draft, DraftBody};
use std::cell::RefCell;
use std::collections::HashMap;

/// The fixtures that are set up, with their values and their undo calls.
pub(super) struct ActiveFixtures<'l, 'w> {
    active_set: ActiveFixtureSet<'w>,
    instances: HashMap<FixtureKey, FixtureInstance<'w>>,
    /// One for the run; it is created with the first entry.
    ledger: &'l RefCell<Option<Ledger>>,
}

struct FixtureInstance<'w> {
    fixture: &'w Fixture,
    /// Its values, or why it could not be set up: every unit that needs it reports the same error.
    result: Result<FixtureValue, SetUpError>,
    pending_undos: Vec<PendingUndo<'w>>,
}

/// A call that was sent and has an undo.
struct PendingUndo<'w> {
    /// Of its entry in the ledger; `None` where the environment ends with the run.
    ledger_number: Option<u64>,
    step: &'w FixtureStep,
    undo: &'w UndoStep,
    /// An error if the response lacks a value that the undo needs.
    call: Result<UndoCall, RenderError>,
    /// The same call with placeholders, to be matched with recordings; `None` where the run uses
    /// none.
    unsigned: Result<Option<Draft>, RenderError>,
}

/// One step of `make`, and where it is run.
struct CreateStep<'s, 'w> {
    fixture: &'w Fixture,
    step: &'w FixtureStep,
    owner: &'s StepOwner<'s>,
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
        let (error_class, reason) = match verdict {
            Verdict::Error(class, reason) => (*class, reason.to_string()),
            _ => (ErrorClass::Unable, "an expectation did not hold".to_owned()),
        };
        Self::new(fixture, error_class, &reason, steps)
    }

    fn from_error(fixture: &Fixture, error: &StepError) -> Self {
        Self::new(fixture, error.error_class(), &error.to_string(), Vec::new())
    }

    fn new(
        fixture: &Fixture,
        error_class: ErrorClass,
        reason: &str,
        steps: Vec<StepReport>,
    ) -> Self {
        Self {
            error_class,
            reason: format!(
                "the fixture `{}` could not be set up: {reason}",
                fixture.name
            ),
            steps,
        }
    }
}

impl From<LedgerError> for SetUpError {
    fn from(error: LedgerError) -> Self {
        Self {
            error_class: ErrorClass::Unable,
            reason: format!("nothing is created before the ledger has an entry for it: {error}"),
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

    /// Sets up the fixtures of a unit, and returns the values of those that it names.
    ///
    /// # Errors
    /// When one of them could not be set up, now or for an earlier unit. What it had created by
    /// then is undone when its scope ends.
    pub(super) async fn set_up(
        &mut self,
        unit: &Unit<'w>,
        context: &RunContext<'_>,
        emit: &mut dyn FnMut(Event),
    ) -> Result<Vec<FixtureValue>, SetUpError> {
        for fixture in ActiveFixtureSet::setup_order(unit) {
            let place = ActiveFixture::new(unit, fixture);
            let key = place.key.clone();
            if let Some(first) = self.active_set.teardown_before(&place) {
                self.undo_all(first, context, emit).await;
                // Boxed like every undo: most units need no fixture, and the future of each of
                // them would have the size of this one.
                let instance = Box::pin(self.create(unit, fixture, context, emit)).await;
                self.active_set.insert(place);
                self.instances.insert(key.clone(), instance);
            }
            let instance = self.instances.get_mut(&key);
            if let Some(Err(error)) = instance.map(|instance| &mut instance.result) {
                let first_report = error.clone();
                // Its exchanges are reported once, by the first unit that needs it.
                error.steps.clear();
                return Err(first_report);
            }
        }
        Ok(self.values(unit, &unit.request.needs))
    }

    /// The values of the fixtures that a unit or a fixture names.
    fn values(&self, unit: &Unit<'_>, needs: &[SpannedName]) -> Vec<FixtureValue> {
        needs
            .iter()
            .filter_map(|needed| self.fixture_value(unit, &needed.name))
            .collect()
    }

    fn fixture_value(&self, unit: &Unit<'_>, name: &str) -> Option<FixtureValue> {
        let fixture = unit.fixtures.iter().find(|fixture| fixture.name == name)?;
        let instance = self.instances.get(&fixture_key(unit, fixture))?;
        // A fixture that failed has ended `set_up` with its error before anyone asks for a value.
        instance.result.as_ref().ok().cloned()
    }

    /// Creates one fixture. What was created before an error is in its pending undos.
    async fn create(
        &mut self,
        unit: &Unit<'w>,
        fixture: &'w Fixture,
        context: &RunContext<'_>,
        emit: &mut dyn FnMut(Event),
    ) -> FixtureInstance<'w> {
        let mut pending_undos = Vec::new();
        let created = self
            .create_steps(&mut pending_undos, unit, fixture, context)
            .await;
        let result = created.and_then(|(variables, steps)| {
            emit(Event::SetUp(SetUpReport {
                fixture: fixture.name.clone(),
                steps,
            }));
            fixture_values(fixture, &variables)
                .map_err(|error| SetUpError::from_error(fixture, &error.into()))
        });
        FixtureInstance {
            fixture,
            result,
            pending_undos,
        }
    }

    /// The variables that the steps of a fixture start with.
    fn fixture_variables(
        &self,
        unit: &Unit<'w>,
        fixture: &Fixture,
        context: &RunContext<'_>,
    ) -> Result<VariableScope, StepError> {
        let account = unit.account_for(fixture);
        let scheme = fixture.schemes().next();
        let environment = &context.options.environment;
        let secrets = &context.environment.secrets;
        secrets
            .check(environment, || fixture_secrets(fixture))
            .map_err(AccessError::from)?;
        let mut variables = base_variables(context, context.fresh_values(), account, scheme)?;
        set_fixtures(&mut variables, self.values(unit, &fixture.needs));
        if let Some(param) = unit.param(fixture) {
            variables.define(&param.vars, VariableLayer::Case)?;
        }
        variables.define(&fixture.vars, VariableLayer::File)?;
        Ok(variables)
    }

    /// Runs the steps of a fixture, and returns its variables after them.
    async fn create_steps(
        &mut self,
        undos: &mut Vec<PendingUndo<'w>>,
        unit: &Unit<'w>,
        fixture: &'w Fixture,
        context: &RunContext<'_>,
    ) -> Result<(VariableScope, Vec<StepReport>), SetUpError> {
        let mut variables = self
            .fixture_variables(unit, fixture, context)
            .map_err(|error| SetUpError::from_error(fixture, &error))?;
        let owner = fixture_owner(unit, fixture, context);
        let mut steps = Vec::with_capacity(fixture.steps.len());
        for step in &fixture.steps {
            let owner = &owner;
            let step = CreateStep {
                fixture,
                step,
                owner,
            };
            let report = self
                .create_step(undos, &step, &mut variables, context)
                .await?;
            let verdict = report.verdict.clone();
            steps.push(report);
            if !verdict.is_pass() {
                return Err(SetUpError::from_verdict(fixture, &verdict, steps));
            }
        }
        Ok((variables, steps))
    }

    async fn create_step(
        &mut self,
        undos: &mut Vec<PendingUndo<'w>>,
        create: &CreateStep<'_, 'w>,
        variables: &mut VariableScope,
        context: &RunContext<'_>,
    ) -> Result<StepReport, SetUpError> {
        variables.set_fresh_values(context.fresh_values());
        let step = create.step;
        // Before the first byte is sent: after a crash, the ledger shows that something may have
        // been created.
        let number = match &step.undo {
            Some(undo) => {
                if context.options.ledger.is_some() {
                    let undo = CheckedUndo {
                        fixture: create.fixture,
                        step,
                        undo,
                        recording_key: &create.owner.recording_key,
                    };
                    undo.check_can_seal(variables, context)
                        .map_err(|error| unsealable(&error))?;
                }
                self.open_undo(create, context)?
            }
            None => None,
        };
        let result = step::run(create.owner, &step.step, variables, context).await;
        let report = StepReport {
            name: Some(step_name(create.fixture, step)),
            ..result.report
        };
        let Some(undo) = &step.undo else {
            return Ok(report);
        };
        // Nothing was created. Any other state, a timeout too, may have created something.
        if matches!(result.send_state, SendState::NotSent | SendState::Refused) {
            self.close_undo(number)?;
            return Ok(report);
        }
        let pending = PendingUndo {
            ledger_number: number,
            step,
            undo,
            call: undo_call(&undo.step, variables, context),
            unsigned: recorded_undo_draft(&undo.step, variables, context),
        };
        self.add_pending(undos, pending, create.owner, context)?;
        Ok(report)
    }

    /// # Errors
    /// When the undo cannot be written to the ledger.
    fn add_pending(
        &self,
        undos: &mut Vec<PendingUndo<'w>>,
        pending: PendingUndo<'w>,
        owner: &StepOwner<'_>,
        context: &RunContext<'_>,
    ) -> Result<(), SetUpError> {
        let recorded = self.record_created(&pending, owner, context);
        // Also if the ledger could not be written: the run itself can still undo it.
        undos.push(pending);
        recorded
    }

    /// Writes the undo call to the ledger; sealed, if it holds a secret or personal data.
    fn record_created(
        &self,
        pending: &PendingUndo<'_>,
        owner: &StepOwner<'_>,
        context: &RunContext<'_>,
    ) -> Result<(), SetUpError> {
        match (
            pending.ledger_number,
            &pending.call,
            &mut *self.ledger.borrow_mut(),
        ) {
            (Some(number), Ok(call), Some(ledger)) => {
                let undo = recorded_undo(call, number, &owner.recording_key, context)
                    .map_err(|error| unsealable(&error))?;
                ledger.record_created(number, undo)?;
                Ok(())
            }
            // Without a call the entry stays open as it is: `ingam cleanup --sweep` searches by
            // the id of the run.
            _ => Ok(()),
        }
    }

    /// Opens an entry in the ledger; `None` in an environment that ends with the run.
    fn open_undo(
        &mut self,
        create: &CreateStep<'_, '_>,
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
        Ok(Some(ledger.record_start(ledger_entry(create, context))?))
    }

    fn close_undo(&mut self, number: Option<u64>) -> Result<(), LedgerError> {
        match (number, &mut *self.ledger.borrow_mut()) {
            (Some(number), Some(ledger)) => ledger.record_closed(number),
            _ => Ok(()),
        }
    }

    /// Undoes the fixtures whose scope ends with a unit; if there is no next unit, all of them.
    pub(super) async fn tear_down_after(
        &mut self,
        unit: &Unit<'w>,
        next: Option<&Unit<'w>>,
        context: &RunContext<'_>,
        emit: &mut dyn FnMut(Event),
    ) {
        let ended = self.active_set.teardown_order(unit, next);
        self.undo_all(ended, context, emit).await;
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

    /// Undoes fixtures in order. An undo that fails is reported and does not stop the others.
    async fn undo_all(
        &mut self,
        keys: Vec<FixtureKey>,
        context: &RunContext<'_>,
        emit: &mut dyn FnMut(Event),
    ) {
        for key in keys {
            self.active_set.remove(&key);
            let Some(instance) = self.instances.remove(&key) else {
                continue;
            };
            // If they are kept, the entries of the ledger stay open for `ingam cleanup`.
            if !context.options.keep_fixtures {
                self.undo_instance(instance, &key, context, emit).await;
            }
        }
    }

    async fn undo_instance(
        &mut self,
        mut instance: FixtureInstance<'w>,
        key: &FixtureKey,
        context: &RunContext<'_>,
        emit: &mut dyn FnMut(Event),
    ) {
        let recording_key =
            RecordingKey::for_fixture(&instance.fixture.name, key.account.as_deref());
        // The last one first: a later step may have used what an earlier one created.
        while let Some(pending) = instance.pending_undos.pop() {
            let sent = Box::pin(send_pending_undo(
                instance.fixture,
                &pending,
                &recording_key,
                context,
            ))
            .await;
            // The entry stays open after a failure, so that `ingam cleanup` can try again.
            let outcome =
                sent.and_then(|()| self.close_undo(pending.ledger_number).map_err(Into::into));
            if let Err(error) = outcome {
                emit(Event::UndoFailed(undo_report(
                    &instance,
                    &pending,
                    &error,
                    &recording_key,
                    context,
                )));
            }
        }
    }
}

/// The owner of a fixture's steps. What was redacted in the fixtures that it can use is redacted in
/// its own recording, with the same pseudonyms.
fn fixture_owner<'c>(
    unit: &Unit<'_>,
    fixture: &'c Fixture,
    context: &RunContext<'_>,
) -> StepOwner<'c> {
    let recording_key = fixture_recording_key(unit, fixture);
    let others = unit.fixtures.iter();
    context.state.recordings.personal.include(
        &recording_key,
        others.map(|other| fixture_recording_key(unit, other)),
    );
    StepOwner {
        recording_key,
        redact_rules: &[],
        secret_rules: &fixture.secret_rules,
        unit: None,
    }
}

/// The values of a fixture, rendered.
fn fixture_values(
    fixture: &Fixture,
    variables: &VariableScope,
) -> Result<FixtureValue, RenderError> {
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
    fixture: &Fixture,
    pending: &PendingUndo<'_>,
    recording_key: &RecordingKey,
    context: &RunContext<'_>,
) -> Result<(), UndoError> {
    let call = match &pending.call {
        Ok(call) => call,
        Err(error) => return Err(UndoError::NotRendered(error.clone())),
    };
    let undo = pending.undo;
    let request = UndoRequest {
        unsigned: unsigned_undo(pending, recording_key, context)?,
        secret_rules: &fixture.secret_rules,
        ..UndoRequest::from_ledger(
            &undo.step.scheme.name,
            call,
            recording_key.clone(),
            &undo.gone,
        )?
    };
    undo::send_undo(request, context).await
}

/// The undo as recordings match it.
///
/// # Errors
/// When it cannot be rendered with placeholders, and recordings may answer: they may have answered
/// the call that created something too, so its undo must not go to a marketplace.
fn unsigned_undo<'p>(
    pending: &'p PendingUndo<'_>,
    recording_key: &RecordingKey,
    context: &RunContext<'_>,
) -> Result<Option<&'p Draft>, UndoError> {
    let error = match &pending.unsigned {
        Ok(unsigned) => return Ok(unsigned.as_ref()),
        Err(error) => error,
    };
    let recordings = &context.state.recordings;
    if recordings.can_answer() {
        return Err(error.clone().into());
    }
    // What was created is undone all the same; only the recording lacks the undo.
    recordings.reject_unit(recording_key, &error.reason);
    Ok(None)
}

fn undo_report(
    instance: &FixtureInstance<'_>,
    pending: &PendingUndo<'_>,
    error: &UndoError,
    recording_key: &RecordingKey,
    context: &RunContext<'_>,
) -> UndoFailureReport {
    let mut redactor = context.output_redactor(recording_key);
    UndoFailureReport {
        fixture: step_name(instance.fixture, pending.step),
        at: pending.undo.step.at,
        reason: redactor.redact_for_display(&error.to_string()),
        is_in_ledger: pending.ledger_number.is_some(),
    }
}

fn step_name(fixture: &Fixture, step: &FixtureStep) -> String {
    let name = step.step.name.as_deref().unwrap_or("step");
    format!("{}::{name}", fixture.name)
}

fn ledger_entry(create: &CreateStep<'_, '_>, context: &RunContext<'_>) -> LedgerEntry {
    let CreateStep {
        fixture,
        step,
        owner,
    } = create;
    LedgerEntry {
        number: 0,
        fixture: fixture.name.clone(),
        // A fixture of one step need not name it; `ingam cleanup` compares the same way.
        step: step.step.name.clone().unwrap_or_default(),
        scheme: step.step.scheme.name.clone(),
        environment: context.options.environment.clone(),
        account: owner.recording_key.account.clone(),
        at_ms: (context.environment.clock)(),
    }
}

/// The undo with placeholders for values that differ in every run; `None` where the run uses no
/// recordings.
fn recorded_undo_draft(
    step: &Step,
    variables: &VariableScope,
    context: &RunContext<'_>,
) -> Result<Option<Draft>, RenderError> {
    if !context.state.recordings.is_enabled() {
        return Ok(None);
    }
    render_draft(
        step,
        &PlaceholderScope(variables),
        variables.fresh_values(),
        context.environment.files,
    )
    .map(Some)
}

/// The undo holds a secret or personal data, and the ledger keeps none in clear.
fn unsealable(error: &StoreError) -> SetUpError {
    SetUpError {
        error_class: ErrorClass::from(error),
        reason: format!(
            "its undo holds a secret or personal data of a response, and the ledger cannot keep it sealed: {error}"
        ),
        steps: Vec::new(),
    }
}

/// The undo as it will be sent.
///
/// # Errors
/// When it needs a value that the response lacks.
fn undo_call(
    step: &Step,
    variables: &VariableScope,
    context: &RunContext<'_>,
) -> Result<UndoCall, RenderError> {
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
    )?;
    Ok(UndoCall {
        level: step.level.as_ref().map(|level| level.name.clone()),
        method: method.name().to_owned(),
        path,
        raw_query,
        query,
        headers,
        body: undo_body(body),
        timeout_ms: u64::try_from(step.timeout.as_millis()).unwrap_or(u64::MAX),
    })
}

fn undo_body(body: DraftBody) -> UndoBody {
    match body {
        DraftBody::Json(value) => UndoBody::Json(value.to_json()),
        DraftBody::Form(pairs) => UndoBody::Form(pairs),
        DraftBody::Text(text) => UndoBody::Text(text),
        // The loader refuses an undo with any other body.
        DraftBody::None | DraftBody::Multipart { .. } | DraftBody::Bytes(_) => UndoBody::None,
    }
}

/// The undo calls for everything that carries the id of a run: for calls that created something and
/// got no response.
///
/// # Errors
/// When the list cannot be fetched or read, or an undo needs a value that the list lacks.
pub(crate) async fn find_leftovers(
    find: &LeftoverSearch,
    undo: &UndoStep,
    account: Option<&str>,
    run_id: &str,
    context: &RunContext<'_>,
) -> Result<Vec<Draft>, UndoError> {
    let variables = leftover_variables(find, account, run_id, context)?;
    let list = render_step(&find.step, &variables, context)?;
    let response = undo::fetch_json(
        UndoRequest::from_step(&find.step, list, RecordingKey::without_file(account), &[]),
        context,
    )
    .await?;
    let mut drafts = Vec::new();
    for item in list_items(find, &response)? {
        // The list holds items of other runs and of people, which must not be deleted.
        if has_run_id(item, find, run_id)? {
            let variables = item_variables(&variables, find, item)?;
            drafts.push(render_step(&undo.step, &variables, context)?);
        }
    }
    Ok(drafts)
}

fn leftover_variables(
    find: &LeftoverSearch,
    account: Option<&str>,
    run_id: &str,
    context: &RunContext<'_>,
) -> Result<VariableScope, UndoError> {
    let scheme = Some(find.step.scheme.name.as_str());
    let mut variables = base_variables(context, context.fresh_values(), account, scheme)?;
    // The id of the run that left something, not of this one.
    variables.set(
        "run_id",
        Value::from(run_id),
        VariableOrigin {
            layer: VariableLayer::BuiltIn,
            at: None,
        },
    );
    Ok(variables)
}

fn render_step(
    step: &Step,
    variables: &VariableScope,
    context: &RunContext<'_>,
) -> Result<Draft, RenderError> {
    let files = context.environment.files;
    render_draft(step, variables, variables.fresh_values(), files)
}

fn list_items<'v>(find: &LeftoverSearch, list: &'v Value) -> Result<Vec<JsonRef<'v>>, UndoError> {
    match find.each.find(list) {
        Ok(PathMatches::One(item)) => Ok(item.into_iter().collect()),
        Ok(PathMatches::Many(items)) => Ok(items),
        Err(_) => Err(UndoError::ListTooLarge(find.each.as_str().to_owned())),
    }
}

/// The variables of one undo: `capture` of the search, applied to an item of the list.
fn item_variables(
    variables: &VariableScope,
    find: &LeftoverSearch,
    item: JsonRef<'_>,
) -> Result<VariableScope, UndoError> {
    let mut variables = variables.clone();
    for (name, path) in &find.capture {
        let Ok(PathMatches::One(Some(value))) = path.find(item) else {
            return Err(UndoError::ListItemWithout(path.as_str().to_owned()));
        };
        let origin = VariableOrigin {
            layer: VariableLayer::Capture,
            at: None,
        };
        variables.set(name.as_str(), value.to_value(), origin);
    }
    Ok(variables)
}

/// Whether an item of the list was created by a run. An item without a tag was not.
///
/// # Errors
/// When the path of the tag visits too many values: the item could be one of the run's.
fn has_run_id(item: JsonRef<'_>, find: &LeftoverSearch, run_id: &str) -> Result<bool, UndoError> {
    match find.tag.find(item) {
        Ok(PathMatches::One(Some(tag))) => {
            Ok(tag.as_str().is_some_and(|text| text.contains(run_id)))
        }
        Ok(_) => Ok(false),
        Err(_) => Err(UndoError::ListTooLarge(find.tag.as_str().to_owned())),
    }
}
