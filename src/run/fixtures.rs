//! Sets fixtures up when a unit first needs them, and undoes them when their scope ends.

use super::access::AccessError;
use super::context::RunContext;
use super::step;
use super::step_error::StepError;
use super::step_execution::StepOwner;
use super::step_undos::{StepUndos, UndoOwner};
use super::undo::{self, UndoError, UndoRequest};
use super::variables::{FixtureValue, base_variables, fixture_recording_key, set_fixtures};
use crate::event::{ErrorClass, Event, SetUpReport, StepReport, Verdict};
use crate::jsonpath::PathMatches;
use crate::ledger::{Ledger, LedgerOwner};
use crate::model::fixture::Fixture;
use crate::model::request::{LeftoverSearch, SpannedName, Step, UndoStep};
use crate::plan::{
    ActiveFixture, ActiveFixtureSet, FixtureKey, Unit, fixture_key, fixture_secrets,
};
use crate::recording::RecordingKey;
use crate::render::{RenderError, VariableLayer, VariableOrigin, VariableScope, render_draft};
use crate::value::{JsonRef, Value};
use crate::wire::Draft;
use std::cell::RefCell;
use std::collections::HashMap;

/// The fixtures that are set up, with their values and their undo calls.
pub(super) struct ActiveFixtures<'l, 'w> {
    active_set: ActiveFixtureSet<'w>,
    instances: HashMap<FixtureKey, FixtureInstance<'l, 'w>>,
    /// One for the run; it is created with the first entry.
    ledger: &'l RefCell<Option<Ledger>>,
}

struct FixtureInstance<'l, 'w> {
    fixture: &'w Fixture,
    /// Its values, or why it could not be set up: every unit that needs it reports the same error.
    result: Result<FixtureValue, SetUpError>,
    undos: StepUndos<'l>,
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
            _ => (ErrorClass::Unable, "an assertion failed".to_owned()),
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
    ) -> FixtureInstance<'l, 'w> {
        let undos = StepUndos::new(self.ledger);
        let created = self.create_steps(&undos, unit, fixture, context).await;
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
            undos,
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
        undos: &StepUndos<'_>,
        unit: &Unit<'w>,
        fixture: &'w Fixture,
        context: &RunContext<'_>,
    ) -> Result<(VariableScope, Vec<StepReport>), SetUpError> {
        let mut variables = self
            .fixture_variables(unit, fixture, context)
            .map_err(|error| SetUpError::from_error(fixture, &error))?;
        let owner = fixture_owner(unit, fixture, undos, context);
        let mut steps = Vec::with_capacity(fixture.steps.len());
        for step in &fixture.steps {
            variables.set_fresh_values(context.fresh_values());
            let result = step::run(&owner, step, &mut variables, context).await;
            let report = StepReport {
                name: Some(step_name(fixture, step)),
                ..result.report
            };
            let verdict = report.verdict.clone();
            steps.push(report);
            if !verdict.is_pass_or_skip() {
                return Err(SetUpError::from_verdict(fixture, &verdict, steps));
            }
        }
        Ok((variables, steps))
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
            let recording_key =
                RecordingKey::for_fixture(&instance.fixture.name, key.account.as_deref());
            let owner = undo_owner(instance.fixture, &recording_key);
            instance.undos.undo_all(&owner, context, emit).await;
        }
    }

    /// Where the undos of a unit are written down.
    #[must_use]
    pub(super) fn unit_undos(&self) -> StepUndos<'l> {
        StepUndos::new(self.ledger)
    }
}

fn undo_owner<'o>(fixture: &'o Fixture, recording_key: &'o RecordingKey) -> UndoOwner<'o> {
    UndoOwner {
        ledger_owner: LedgerOwner::Fixture(fixture.name.clone()),
        label: fixture.name.clone(),
        recording_key,
        redact_rules: &[],
        secret_rules: &fixture.secret_rules,
    }
}

/// The owner of a fixture's steps. What was redacted in the fixtures that it can use is redacted in
/// its own recording, with the same pseudonyms.
fn fixture_owner<'c>(
    unit: &Unit<'_>,
    fixture: &'c Fixture,
    undos: &'c StepUndos<'c>,
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
        name: &fixture.name,
        unit: None,
        undos,
        cookies: None,
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

fn step_name(fixture: &Fixture, step: &Step) -> String {
    let name = step.name.as_deref().unwrap_or("step");
    format!("{}::{name}", fixture.name)
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
