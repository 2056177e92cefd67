//! Evaluates expressions. A plain look-up never leaves our own exact values; all else is compiled
//! once by minijinja, strict, with fuel, and without the stock filters that are made for web pages.

use super::convert::{from_mini, to_mini};
use super::error::RenderError;
use super::expression_names::{ExpressionNames, NameUse, scan_names};
use super::fresh_values::FreshValues;
use super::functions::{FUNCTION_NAMES, UNRESERVED_FUNCTIONS, called_function, template_function};
use super::silent_loss::{self, refuse_joined_spellings, refuse_loss_of_digits};
use super::template_scope::{TemplateDialect, TemplateScope};
use super::{call_check, filter_chain, filters};
use crate::diagnostic::{Diagnostic, Hint, Repair, did_you_mean, name_hint};
use crate::model::expression::{Expression, MAX_EXPRESSION_BYTES};
use crate::model::template::{Template, TemplatePart, TemplateTree, TemplateTreeKind};
use crate::span::Span;
use crate::value::{ObjectMember, Value};
use minijinja::value::Value as Mini;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// The most instructions of minijinja that one evaluation may take, so that no expression of a file
/// can keep a run busy.
const MAX_FUEL: u64 = 50_000;
/// A rendered text longer than this is refused, in bytes.
const MAX_TEXT_BYTES: usize = 1 << 20;
/// The most memory that the values of templates may take, in bytes: those of one part of a request,
/// such as its query or its body, and the variables of one scope.
const MAX_RENDERED_BYTES: usize = 8 << 20;
/// What stands before the name of an unreserved function in the source that the engine sees.
const FUNCTION_ALIAS: &str = "_function_";
/// So many compiled expressions are kept. One takes some 6 kB, and a file can hold 200,000.
const MAX_COMPILED_EXPRESSIONS: usize = 2_000;
impl TemplateDialect {
    /// # Errors
    /// When the expression does not compile, or uses a filter or function that does not exist.
    pub fn check(self, expression: &Expression) -> Result<(), Diagnostic> {
        if expression.source.len() > MAX_EXPRESSION_BYTES {
            return Err(
                Diagnostic::from(too_long(expression)).hint("move a part of it into `vars`")
            );
        }
        if let Some(path) = &expression.lookup {
            let function = path
                .first()
                .filter(|name| self == Self::Request && FUNCTION_NAMES.contains(&name.as_str()));
            return function.map_or(Ok(()), |name| Err(uncalled_function(name, expression.at)));
        }
        let names = scan_names(&expression.source);
        self.check_filters_and_tests(expression, &names)?;
        if let Some(used) = names.lookups.iter().find(|used| {
            self == Self::Request && FUNCTION_NAMES.contains(&used.name) && !used.is_called
        }) {
            return Err(uncalled_function(
                used.name,
                expression.at.slice(used.at, used.name.len()),
            ));
        }
        self.compiled(expression).map_err(Diagnostic::from)?;
        if self == Self::Request {
            filter_chain::check_chain(expression, &names)?;
            call_check::check_calls(expression, &names)?;
        }
        self.trial_evaluate(expression, &names)
    }

    /// minijinja reports an unknown filter only when it evaluates, after requests were sent.
    fn check_filters_and_tests(
        self,
        expression: &Expression,
        names: &ExpressionNames<'_>,
    ) -> Result<(), Diagnostic> {
        let kinds = [
            ("filter", &names.filters, self.filters()),
            ("test", &names.tests, self.tests()),
        ];
        for (kind, used, known) in kinds {
            if let Some(used) = used.iter().find(|used| !known.contains(&used.name)) {
                let at = expression.at.slice(used.at, used.name.len());
                let diagnostic = Diagnostic::error(format!("there is no {kind} `{}`", used.name))
                    .at(at, format!("this {kind}"));
                return Err(diagnostic.maybe_hint(name_hint(used.name, known.iter().copied())));
            }
        }
        Ok(())
    }

    /// An expression that uses functions only is evaluated once when it is loaded. That shows
    /// wrong formats, offsets and arguments before anything is sent.
    fn trial_evaluate(
        self,
        expression: &Expression,
        names: &ExpressionNames<'_>,
    ) -> Result<(), Diagnostic> {
        let functions = !names.lookups.is_empty()
            && names.lookups.iter().all(|used| {
                FUNCTION_NAMES.contains(&used.name)
                    || used.is_called && UNRESERVED_FUNCTIONS.contains(&used.name)
            });
        if self == Self::Request && functions {
            evaluate(expression, &TrialScope).map_err(Diagnostic::from)?;
        }
        Ok(())
    }

    /// The dotted names that an expression looks up, functions among them.
    ///
    /// # Errors
    /// When it does not compile.
    pub fn names_in(self, expression: &Expression) -> Result<Vec<String>, RenderError> {
        if let Some(path) = &expression.lookup {
            return Ok(vec![path.join(".")]);
        }
        Ok(self.compiled(expression)?.names.clone())
    }

    /// The filters that there are, in order.
    #[must_use]
    pub(crate) fn filter_names(self) -> &'static [&'static str] {
        self.filters()
    }

    fn filters(self) -> &'static [&'static str] {
        match self {
            Self::Request => filters::REQUEST_FILTERS,
            Self::Scheme => filters::SCHEME_FILTERS,
        }
    }

    fn tests(self) -> &'static [&'static str] {
        match self {
            Self::Request => filters::REQUEST_TESTS,
            Self::Scheme => &[],
        }
    }

    fn engine(self) -> &'static TemplateEngine {
        static REQUEST: LazyLock<TemplateEngine> =
            LazyLock::new(|| TemplateEngine::new(filters::add_request_filters));
        static SCHEME: LazyLock<TemplateEngine> =
            LazyLock::new(|| TemplateEngine::new(filters::add_scheme_filters));
        match self {
            Self::Request => &REQUEST,
            Self::Scheme => &SCHEME,
        }
    }

    fn compiled(self, expression: &Expression) -> Result<Arc<CompiledExpression>, RenderError> {
        let engine = self.engine();
        // An entry is inserted in one step after it was compiled, so a thread that panicked while
        // it held the lock left no unfinished one behind.
        let mut cache = engine.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(compiled) = cache.get(&expression.source) {
            return Ok(Arc::clone(compiled));
        }
        if expression.source.len() > MAX_EXPRESSION_BYTES {
            return Err(too_long(expression));
        }
        let compiled = engine
            .compile(&expression.source)
            .map_err(|error| compile_error(expression, &error))?;
        let compiled = Arc::new(compiled);
        // Emptied in place of a list of the oldest: nearly no workspace has so many expressions.
        if cache.len() >= MAX_COMPILED_EXPRESSIONS {
            cache.clear();
        }
        cache.insert(expression.source.clone(), Arc::clone(&compiled));
        Ok(compiled)
    }
}

/// No variables, a fixed time and a fixed seed: enough to try out a call of a function.
struct TrialScope;

impl TemplateScope for TrialScope {
    fn lookup(&self, _path: &[&str]) -> Option<Cow<'_, Value>> {
        None
    }

    fn fresh_values(&self) -> Option<FreshValues> {
        Some(FreshValues {
            unix_ms: 1_700_000_000_000,
            seed: [0; 16],
        })
    }
}

fn uncalled_function(name: &str, at: Span) -> Diagnostic {
    Diagnostic::error(format!("`{name}` is a function"))
        .at(at, "not called")
        .hint(Hint::with(
            format!("write `{name}()`"),
            Repair::Rename {
                wrong: name.to_owned(),
                names: vec![format!("{name}()")],
            },
        ))
}

/// One minijinja environment and what it has compiled.
struct TemplateEngine {
    environment: Environment<'static>,
    cache: Mutex<HashMap<String, Arc<CompiledExpression>>>,
}

struct CompiledExpression {
    expression: minijinja::Expression<'static, 'static>,
    names: Vec<String>,
    /// Whether it has a `~`.
    joins_texts: bool,
    /// Whether it computes, so that whole numbers can become doubles.
    may_lose_digits: bool,
}

impl TemplateEngine {
    fn new(add_filters: fn(&mut Environment<'static>)) -> Self {
        let mut environment = Environment::empty();
        // Strict: an undefined name that became an empty text would be sent and signed.
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(MAX_FUEL));
        environment.set_recursion_limit(64);
        add_filters(&mut environment);
        Self {
            environment,
            cache: Mutex::new(HashMap::new()),
        }
    }

    /// Engines live as long as the program, so an expression may borrow its environment for ever.
    fn compile(&'static self, source: &str) -> Result<CompiledExpression, Error> {
        let used = scan_names(source);
        let engine_source = with_function_aliases(source, &used);
        let expression = self.environment.compile_expression_owned(engine_source)?;
        let mut names: Vec<String> = used
            .lookups
            .iter()
            .map(|used| {
                let suffix = if is_unreserved_call(used) { "()" } else { "" };
                format!("{}{suffix}", used.name)
            })
            .collect();
        // Each name is looked up once for each evaluation, however often it is used.
        names.sort();
        names.dedup();
        Ok(CompiledExpression {
            expression,
            names,
            joins_texts: silent_loss::joins_texts(source),
            may_lose_digits: silent_loss::computes(source),
        })
    }
}

/// In what the engine sees, a function that leaves its name free is called by another one, so that
/// it can stand beside a variable of its name.
fn with_function_aliases(source: &str, names: &ExpressionNames<'_>) -> String {
    let mut aliased = source.to_owned();
    for used in names.lookups.iter().rev() {
        if is_unreserved_call(used) {
            aliased.insert_str(used.at, FUNCTION_ALIAS);
        }
    }
    aliased
}

fn is_unreserved_call(used: &NameUse<'_>) -> bool {
    used.is_called && UNRESERVED_FUNCTIONS.contains(&used.name)
}

fn too_long(expression: &Expression) -> RenderError {
    let len = expression.source.len();
    RenderError::new(
        expression.at,
        format!(
            "the expression is {len} bytes long, and at most {MAX_EXPRESSION_BYTES} are allowed"
        ),
    )
}

fn compile_error(expression: &Expression, error: &Error) -> RenderError {
    let reason = error
        .detail()
        .map_or_else(|| error.kind().to_string(), str::to_owned);
    RenderError::new(expression.at, format!("not an expression: {reason}"))
}

/// A value with its holes filled in; what has none is given back as it stands.
///
/// # Errors
/// When a name is unknown, an expression fails, or the value would be larger than
/// [`MAX_RENDERED_BYTES`].
pub fn render_tree<'t>(
    written: &'t TemplateTree,
    scope: &dyn TemplateScope,
) -> Result<Cow<'t, Value>, RenderError> {
    RenderedSize::default().render(written, scope)
}

/// How much the templates of one part of a request have given.
#[derive(Default)]
pub(super) struct RenderedSize(usize);

impl RenderedSize {
    /// Counts a text that is rendered elsewhere.
    pub(super) fn add(&mut self, bytes: usize, at: Span) -> Result<(), RenderError> {
        self.0 += bytes;
        check_rendered_size(at, self.0)
    }

    /// The same as [`render_tree`], where several values share the limit.
    pub(super) fn render<'t>(
        &mut self,
        written: &'t TemplateTree,
        scope: &dyn TemplateScope,
    ) -> Result<Cow<'t, Value>, RenderError> {
        Ok(match &written.kind {
            TemplateTreeKind::Constant(value) => Cow::Borrowed(value),
            TemplateTreeKind::Template(template) => {
                let value = template_value(template, scope)?;
                self.0 += value.estimated_bytes();
                check_rendered_size(written.at, self.0)?;
                Cow::Owned(value)
            }
            TemplateTreeKind::List(items) => {
                let items: Result<Vec<Value>, RenderError> = items
                    .iter()
                    .map(|item| Ok(self.render(item, scope)?.into_owned()))
                    .collect();
                Cow::Owned(Value::List(items?))
            }
            TemplateTreeKind::Object(members) => {
                let members: Result<Vec<ObjectMember>, RenderError> = members
                    .iter()
                    .map(|(name, member)| {
                        Ok((name.clone(), self.render(member, scope)?.into_owned()))
                    })
                    .collect();
                Cow::Owned(Value::Object(members?))
            }
        })
    }
}

/// # Errors
/// When values that templates gave take more memory than they may.
pub(super) fn check_rendered_size(at: Span, bytes: usize) -> Result<(), RenderError> {
    if bytes <= MAX_RENDERED_BYTES {
        return Ok(());
    }
    let limit = MAX_RENDERED_BYTES >> 20;
    let error = RenderError::new(
        at,
        format!("with this value, the templates use more than {limit} MiB"),
    );
    Err(error.hint("send a large body from a file, with `file: PATH`"))
}

/// A template that is one expression keeps the type of its value; anything else is text.
fn template_value(template: &Template, scope: &dyn TemplateScope) -> Result<Value, RenderError> {
    match template.as_expression() {
        Some(expression) => Ok(evaluate(expression, scope)?.into_owned()),
        None => render_text(template, scope).map(Value::from),
    }
}

/// A template as text. `encode` is not its business: see `draft`.
///
/// # Errors
/// When a name is unknown, an expression fails, or a list or object would have to stand inside
/// text.
pub(crate) fn render_text(
    template: &Template,
    scope: &dyn TemplateScope,
) -> Result<String, RenderError> {
    let mut out = String::new();
    for part in &template.parts {
        match part {
            TemplatePart::Literal(literal) => out.push_str(literal),
            TemplatePart::Expression(expression) => push_text(&mut out, expression, scope)?,
        }
        if out.len() > MAX_TEXT_BYTES {
            return Err(RenderError::new(
                template.at,
                format!("the text is longer than {MAX_TEXT_BYTES} bytes"),
            ));
        }
    }
    Ok(out)
}

/// The text of one expression.
pub(super) fn push_text(
    out: &mut String,
    expression: &Expression,
    scope: &dyn TemplateScope,
) -> Result<(), RenderError> {
    let value = evaluate(expression, scope)?;
    match value.as_ref() {
        Value::String(text) => out.push_str(text),
        Value::Number(number) => out.push_str(number.as_str()),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Null if scope.dialect() == TemplateDialect::Scheme => {}
        other => {
            let error = RenderError::new(
                expression.at,
                format!("{} is not allowed inside text", describe_kind(other)),
            );
            return Err(error.hint("use `| compact` for JSON, or write only this one expression"));
        }
    }
    Ok(())
}

fn describe_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::List(_) => "a list",
        _ => "an object",
    }
}

fn evaluate<'s>(
    expression: &Expression,
    scope: &'s dyn TemplateScope,
) -> Result<Cow<'s, Value>, RenderError> {
    if let Some(path) = &expression.lookup {
        let names: Vec<&str> = path.iter().map(String::as_str).collect();
        return scope
            .lookup(&names)
            .ok_or_else(|| undefined_name(expression, path, scope));
    }
    if let Some(chain) = &expression.chain
        && scope.dialect() == TemplateDialect::Request
    {
        return filter_chain::evaluate_chain(chain, scope, evaluate).map(Cow::Owned);
    }
    let compiled = scope.dialect().compiled(expression)?;
    if let Some(placeholder) = scope.placeholder_for(&compiled.names) {
        let is_dates = |name: &String| called_function(name) == Some("date_range");
        if compiled.names.iter().any(is_dates)
            && let Ok(Value::List(items)) = compute(&compiled, expression, scope)
        {
            // The number of dates is the same each time, so that only the items are marked.
            let marked = vec![Value::from(placeholder); items.len()];
            return Ok(Cow::Owned(Value::List(marked)));
        }
        return Ok(Cow::Owned(Value::from(placeholder)));
    }
    compute(&compiled, expression, scope).map(Cow::Owned)
}

fn compute(
    compiled: &CompiledExpression,
    expression: &Expression,
    scope: &dyn TemplateScope,
) -> Result<Value, RenderError> {
    let context = evaluation_context(compiled, expression, scope)?;
    if compiled.may_lose_digits {
        refuse_loss_of_digits(expression, &context)?;
    }
    let value = compiled
        .expression
        .eval(context.clone())
        .map_err(|error| evaluation_error(expression, &error))?;
    if compiled.joins_texts {
        refuse_joined_spellings(expression, &context, &value)?;
    }
    if value.is_undefined() {
        return Err(RenderError::new(
            expression.at,
            format!("`{}` is not defined", expression.source),
        ));
    }
    from_mini(&value).map_err(|error| RenderError::new(expression.at, error.to_string()))
}

fn undefined_name(
    expression: &Expression,
    path: &[String],
    scope: &dyn TemplateScope,
) -> RenderError {
    let known = scope.root_names();
    let root = path.first().map_or("", String::as_str);
    let error = RenderError::new(
        expression.at,
        format!("`{}` is not defined", path.join(".")),
    );
    match did_you_mean(root, known.iter().map(String::as_str))
        .filter(|_| !known.iter().any(|name| name == root))
    {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

fn evaluation_error(expression: &Expression, error: &Error) -> RenderError {
    let reason = match error.kind() {
        ErrorKind::OutOfFuel => "the expression is incomplete".to_owned(),
        ErrorKind::UndefinedError => format!("a part of `{}` is not defined", expression.source),
        kind => error
            .detail()
            .map_or_else(|| kind.to_string(), str::to_owned),
    };
    RenderError::new(expression.at, reason)
}

/// Only the names that the expression uses: converting a large response for each `{{ a + 1 }}`
/// would cost more than the rest of the request.
fn evaluation_context(
    compiled: &CompiledExpression,
    expression: &Expression,
    scope: &dyn TemplateScope,
) -> Result<Mini, RenderError> {
    let mut branches: Vec<(String, Vec<(String, Mini)>)> = Vec::new();
    let mut roots: Vec<(String, Mini)> = Vec::new();
    for name in &compiled.names {
        let path: Vec<&str> = name.split('.').collect();
        let root = path[0].to_owned();
        if let Some(function) = function_value(expression, &path, scope) {
            let alias = called_function(&root).map(|name| format!("{FUNCTION_ALIAS}{name}"));
            roots.push((alias.unwrap_or(root), function));
            continue;
        }
        // A whole object is looked up by its first name where the scope has one; a scheme's `req`
        // only by its members.
        match (scope.lookup(&path[..1]), path.get(1)) {
            (Some(value), _) => roots.push((root, context_value(expression, &value)?)),
            (None, Some(member)) => {
                let value = scope
                    .lookup(&path[..2])
                    .ok_or_else(|| undefined_name(expression, &owned_names(&path[..2]), scope))?;
                let member = ((*member).to_owned(), context_value(expression, &value)?);
                match branches.iter_mut().find(|(name, _)| *name == root) {
                    Some((_, members)) => members.push(member),
                    None => branches.push((root, vec![member])),
                }
            }
            (None, None) => return Err(undefined_name(expression, &owned_names(&path), scope)),
        }
    }
    roots.extend(
        branches
            .into_iter()
            .map(|(name, members)| (name, Mini::from_pairs(members))),
    );
    Ok(Mini::from_pairs(roots))
}

fn context_value(expression: &Expression, value: &Value) -> Result<Mini, RenderError> {
    to_mini(value).map_err(|error| RenderError::new(expression.at, error.to_string()))
}

/// A function of the language, in a scope that has a clock.
fn function_value(
    expression: &Expression,
    path: &[&str],
    scope: &dyn TemplateScope,
) -> Option<Mini> {
    let [name] = path else { return None };
    let reserved = FUNCTION_NAMES.iter().find(|function| *function == name);
    let function = reserved.copied().or_else(|| called_function(name))?;
    let fresh = scope.fresh_values()?;
    Some(template_function(function, fresh, value_site(expression)))
}

fn owned_names(path: &[&str]) -> Vec<String> {
    path.iter().map(|name| (*name).to_owned()).collect()
}

/// The seed of a fresh value: another file, place or expression gives another value.
fn value_site(expression: &Expression) -> u64 {
    (u64::from(expression.at.file.0) << 40)
        ^ (u64::from(expression.at.start) << 8)
        ^ u64::from(expression.part_index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{VariableLayer, VariableOrigin, VariableScope};

    fn scope() -> VariableScope {
        let mut variables = VariableScope::new(FreshValues {
            unix_ms: 1_700_000_000_000,
            seed: [3; 16],
        });
        let json = r#"{"price":12.90,"id":123456789012345678901234567890,"long":1.2345678901234567890,"list":[1,{"p":7.50}],"name":"a{{ x }}"}"#;
        let Value::Object(members) = crate::value::parse(json.as_bytes()).unwrap() else {
            panic!("another kind of value")
        };
        for (name, value) in members {
            variables.set(
                name,
                value,
                VariableOrigin {
                    layer: VariableLayer::File,
                    at: None,
                },
            );
        }
        variables
    }

    fn eval(text: &str) -> Result<String, RenderError> {
        let template = Template::parse(text, Span::default(), None).unwrap();
        template.expressions().try_for_each(|expression| {
            TemplateDialect::Request
                .check(expression)
                .map_err(|diagnostic| RenderError::new(Span::default(), diagnostic.title))
        })?;
        template_value(&template, &scope()).map(|value| value.to_json())
    }

    /// Each overflowed the stack.
    #[test]
    fn a_deep_expression_is_an_error() {
        let repeated = |part: &str| part.repeat(64_000);
        for expression in [
            format!("1{}", repeated("+1")),
            format!("1{}", repeated("|abs")),
            format!("1{}", repeated(" is odd")),
            format!("'a'{}", repeated("[0:]")),
            format!("{}1", repeated("1 if 1 else ")),
            format!("{}1", repeated("not ")),
            format!("{}1{}", repeated("("), repeated(")")),
            format!("{}1{}", repeated("["), repeated("]")),
        ] {
            let error = eval(&format!("{{{{ {expression} }}}}")).unwrap_err();
            assert!(error.reason.contains("at most 2048"), "{}", error.reason);
        }
        assert_eq!(
            eval(&format!("{{{{ 1{} }}}}", "+1".repeat(1_000))).as_deref(),
            Ok("1001")
        );
    }

    #[test]
    fn a_look_up_keeps_every_digit_and_a_computation_is_right() {
        for (text, json) in [
            ("{{ price }}", "12.90"),
            ("{{ id }}", "123456789012345678901234567890"),
            ("{{ long }}", "1.2345678901234567890"),
            ("{{ list[1].p }}", "7.50"),
            ("{{ price * 2 }}", "25.8"),
            ("{{ price > 100 }}", "false"),
            ("{{ price == 12.9 }}", "true"),
            ("{{ id + 1 }}", "123456789012345678901234567891"),
            ("{{ 9007199254740993 + 1 }}", "9007199254740994"),
            ("{{ 9007199254740993 // 2 }}", "4503599627370496"),
            ("{{ 'True' ~ 1 ~ '[' }}", r#""True1[""#),
            ("{{ name ~ '-' ~ 5 }}", r#""a{{ x }}-5""#),
            ("{{ list[1:] | length }}", "1"),
            ("{{ [price, 3] | max }}", "12.9"),
            ("id-{{ id }}", r#""id-123456789012345678901234567890""#),
            ("{{ 10 / 4 }}", "2.5"),
            ("{{ now() - 86400 }}", "1699913600"),
            ("{{ uuid()[0:8] | length }}", "8"),
            ("{{ true }}", "true"),
            ("x{{ true }}", r#""xtrue""#),
        ] {
            assert_eq!(eval(text).as_deref(), Ok(json), "{text}");
        }
    }

    #[test]
    fn two_calls_in_one_text_get_two_values() {
        let text = eval("{{ uuid() }}\n{{ uuid() }}").unwrap();
        let (first, second) = text.trim_matches('"').split_once("\\n").unwrap();
        assert_ne!(first, second);
        assert_ne!(eval("{{ uuid() == uuid() }}").unwrap(), "true");
    }

    #[test]
    fn a_rendered_value_is_never_rendered_again() {
        assert_eq!(eval("{{ name }}").as_deref(), Ok(r#""a{{ x }}""#));
        assert_eq!(eval("<{{ name }}>").as_deref(), Ok(r#""<a{{ x }}>""#));
    }

    #[test]
    fn what_cannot_be_filled_in_is_an_error() {
        for text in [
            "{{ nothing }}",
            "{{ price.digits }}",
            "{{ nothing + 1 }}",
            "{{ list[nothing:] }}",
            "{{ long * 2 }}",
            "{{ 1 / 0 }}",
            "{{ now }}",
            "{{ price | tojson }}",
            "{{ date('%Y', 'Seoul') }}",
            "{{ 9007199254740993 * 1.0 }}",
            "{{ 9007199254740993 / 1 }}",
            "{{ (9007199254740993 * 1.0) | int }}",
            "{{ 9007199254740993 | float }}",
            "{{ id * price }}",
            "{{ true ~ '' }}",
            "{{ (price > 1) ~ '' }}",
            "{{ none ~ 'x' }}",
            "{{ list ~ '' }}",
            "{{ random(0) }}",
            "x{{ list }}",
            "{{ 'x' * 1000000000 }}",
            "{{ 'aaaaaaaaaa' | replace('a', 'aaaaaaaaaa') | replace('a', 'aaaaaaaaaa') | replace('a', 'aaaaaaaaaa') | replace('a', 'aaaaaaaaaa') | replace('a', 'aaaaaaaaaa') | replace('a', 'aaaaaaaaaa') }}",
        ] {
            assert!(eval(text).is_err(), "{text}");
        }
    }
}
