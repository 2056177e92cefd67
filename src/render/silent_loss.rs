//! Refuses two things that minijinja does without a word: a whole number that becomes a double and
//! loses digits, and a boolean, `null`, list or object that `~` joins in a spelling of its own.

use super::error::RenderError;
use super::expression_names::{outside_quotes, scan_names};
use crate::model::template::Expression;
use minijinja::value::{Value as Mini, ValueKind};

/// Doubles hold every whole number up to this one, and not every one beyond it.
const MAX_EXACT: i128 = 1 << 53;
/// How minijinja spells what `~` cannot join: booleans, `null`, lists and objects.
const SPELLINGS: [&str; 6] = ["True", "False", "None", "none", "[", "{"];

pub(super) fn joins_texts(source: &str) -> bool {
    outside_quotes(source).contains('~')
}

/// Whether an expression has an operator or a filter that computes.
pub(super) fn computes(source: &str) -> bool {
    outside_quotes(source).contains(['+', '-', '*', '/', '%'])
        || has_filter(source, &["float", "round", "sum"])
}

fn has_filter(source: &str, filters: &[&str]) -> bool {
    let used = scan_names(source).filters;
    used.iter().any(|filter| filters.contains(&filter.name))
}

/// # Errors
/// When a whole number beyond 2^53 stands in one computation with a fraction.
pub(super) fn refuse_loss_of_digits(
    expression: &Expression,
    context: &Mini,
) -> Result<(), RenderError> {
    let code = outside_quotes(&expression.source);
    let literals = number_literals(&code);
    let mut numbers = Numbers {
        largest: 0,
        has_fraction: code.replace("//", "").contains('/')
            || has_filter(&expression.source, &["float", "round"])
            || literals
                .iter()
                .any(|literal| literal.contains(['.', 'e', 'E'])),
    };
    for literal in literals {
        numbers.add_whole(literal.replace('_', "").parse().ok());
    }
    numbers.look_at(context);
    if numbers.largest <= MAX_EXACT || !numbers.has_fraction {
        return Ok(());
    }
    let reason = format!(
        "{} is calculated with a fraction, and would lose digits",
        numbers.largest
    );
    Err(RenderError::new(expression.at, reason).hint(
        "calculate only with whole numbers; a single name, as `{{ name }}`, keeps every digit",
    ))
}

struct Numbers {
    /// The whole number that is furthest from zero, without its sign.
    largest: i128,
    has_fraction: bool,
}

impl Numbers {
    fn add_whole(&mut self, number: Option<i128>) {
        if let Some(number) = number {
            self.largest = self.largest.max(number.saturating_abs());
        }
    }

    /// The recursion is as deep as the value, which the JSON reader limits to 128 levels.
    fn look_at(&mut self, value: &Mini) {
        match value.kind() {
            ValueKind::Number if value.is_integer() => {
                self.add_whole(i128::try_from(value.clone()).ok());
            }
            ValueKind::Number => self.has_fraction = true,
            ValueKind::Seq => {
                for item in value.try_iter().into_iter().flatten() {
                    self.look_at(&item);
                }
            }
            ValueKind::Map => {
                for key in value.try_iter().into_iter().flatten() {
                    if let Ok(member) = value.get_item(&key) {
                        self.look_at(&member);
                    }
                }
            }
            _ => {}
        }
    }
}

/// The numbers that an expression spells itself.
fn number_literals(code: &str) -> Vec<&str> {
    code.split(|letter: char| !letter.is_alphanumeric() && !matches!(letter, '.' | '_'))
        .filter(|word| word.starts_with(|first: char| first.is_ascii_digit()))
        .collect()
}

/// # Errors
/// When `~` has joined a value that has no spelling of its own.
pub(super) fn refuse_joined_spellings(
    expression: &Expression,
    context: &Mini,
    value: &Mini,
) -> Result<(), RenderError> {
    let Some(text) = value.as_str() else {
        return Ok(());
    };
    let mut known = vec![expression.source.clone()];
    collect_texts(context, &mut known);
    // A spelling that no text brought can only be that of such a value.
    let is_foreign = |spelling: &str| {
        text.contains(spelling) && !known.iter().any(|known| known.contains(spelling))
    };
    if !SPELLINGS.into_iter().any(is_foreign) {
        return Ok(());
    }
    Err(RenderError::new(
        expression.at,
        format!(
            "`~` in `{}` joins text and numbers, but got a Boolean, null, a list or an object",
            expression.source
        ),
    )
    .hint(
        "write a template for each part, such as `{{ flag }}-{{ name }}`; `| compact` returns JSON",
    ))
}

fn collect_texts(value: &Mini, texts: &mut Vec<String>) {
    match value.kind() {
        ValueKind::String => texts.extend(value.as_str().map(str::to_owned)),
        ValueKind::Seq => {
            for item in value.try_iter().into_iter().flatten() {
                collect_texts(&item, texts);
            }
        }
        ValueKind::Map => {
            for key in value.try_iter().into_iter().flatten() {
                if let Ok(member) = value.get_item(&key) {
                    collect_texts(&member, texts);
                }
            }
        }
        _ => {}
    }
}
