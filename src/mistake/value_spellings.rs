//! The spellings that programs give to a value.

/// A value in the spellings that programs give it.
pub(super) fn value_spellings(value: &str) -> Vec<(String, &'static str)> {
    let mut out: Vec<(String, &'static str)> = Vec::new();
    let mut add = |text: String, what: &'static str| {
        if text != value && !out.iter().any(|(known, _)| *known == text) {
            out.push((text, what));
        }
    };
    if let Ok(number) = value.parse::<f64>() {
        let whole = value.split('.').next().unwrap_or_default();
        if number.fract() == 0.0 {
            add(whole.to_owned(), "as a whole number");
            add(format!("{whole}.0"), "with one decimal");
            add(format!("{whole}.00"), "with two decimals");
        }
        add(format!("{number}"), "as a number");
        add(format!("{number:e}"), "with an exponent");
        add(format!("{number:.1}"), "with one decimal");
        add(format!("{number:.2}"), "with two decimals");
        add(value.replace('.', ","), "with a decimal comma");
        // 12.55 times 100 is 1255.0000000000002 to a computer.
        let hundredfold = (number * 1e8).round() / 1e6;
        add(format!("{hundredfold}"), "multiplied by 100");
        add(format!("{}", number / 100.0), "divided by 100");
        add(format!("\"{value}\""), "in quotes");
    }
    match value {
        "true" => add("True".to_owned(), "as `True`"),
        "false" => add("False".to_owned(), "as `False`"),
        "True" => add("true".to_owned(), "as `true`"),
        "False" => add("false".to_owned(), "as `false`"),
        _ => {}
    }
    if matches!(value, "true" | "True") {
        add("1".to_owned(), "as `1`");
    }
    if matches!(value, "false" | "False") {
        add("0".to_owned(), "as `0`");
    }
    add(value.trim().to_owned(), "without the spaces around it");
    add(value.to_lowercase(), "in lower case");
    add(value.to_uppercase(), "in capitals");
    if value.contains(',') {
        let list: Vec<&str> = value.split(',').collect();
        add(format!("[{}]", list.join(",")), "as a list in brackets");
        add(format!("[{}]", list.join(", ")), "as a list in brackets");
        add(value.replace(',', ", "), "with spaces after the commas");
    }
    if let Some(inside) = value
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        add(inside.to_owned(), "without its brackets");
        add(inside.replace('"', ""), "without its brackets and quotes");
    }
    out
}

/// A way of writing values, and the kind of values that are written so.
pub(super) type SpellingRule = (&'static str, SpelledKind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SpelledKind {
    Whole,
    Decimal,
    Number,
    Truth,
    Any,
}

impl SpelledKind {
    fn holds(self, value: &str) -> bool {
        let is_number = value.parse::<f64>().is_ok();
        let has_point = value.contains('.');
        match self {
            Self::Whole => is_number && !has_point,
            Self::Decimal => is_number && has_point,
            Self::Number => is_number,
            Self::Truth => matches!(value, "true" | "false" | "True" | "False"),
            Self::Any => true,
        }
    }
}

/// The rules that change more than one of these values.
pub(super) fn shared_spellings(values: impl Iterator<Item = String>) -> Vec<SpellingRule> {
    let mut counts: Vec<(SpellingRule, usize)> = Vec::new();
    for value in values {
        let spellings = value_spellings(&value);
        let kinds = [
            SpelledKind::Whole,
            SpelledKind::Decimal,
            SpelledKind::Number,
            SpelledKind::Truth,
            SpelledKind::Any,
        ];
        for kind in kinds.into_iter().filter(|kind| kind.holds(&value)) {
            for (_, how) in &spellings {
                let how = if kind == SpelledKind::Truth {
                    truth_rule(how)
                } else {
                    how
                };
                match counts.iter_mut().find(|(rule, _)| *rule == (how, kind)) {
                    Some((_, count)) => *count += 1,
                    None => counts.push(((how, kind), 1)),
                }
            }
        }
    }
    counts.retain(|(_, count)| *count > 1);
    counts.into_iter().map(|(rule, _)| rule).collect()
}

/// `True` and `False` are one way of writing, and so are `1` and `0`.
fn truth_rule(how: &'static str) -> &'static str {
    match how {
        "as `False`" => "as `True`",
        "as `false`" => "as `true`",
        "as `0`" => "as `1`",
        other => other,
    }
}

/// A value as this rule writes it; as it is, if the rule does not concern it.
pub(super) fn respelled(value: &str, (how, kind): &SpellingRule) -> String {
    if !kind.holds(value) {
        return value.to_owned();
    }
    let spellings = value_spellings(value);
    let found = spellings
        .into_iter()
        .find(|(_, own)| own == how || (*kind == SpelledKind::Truth && truth_rule(own) == *how));
    found.map_or_else(|| value.to_owned(), |(text, _)| text)
}

pub(super) const EMPTY_WORDS: [&str; 6] = ["null", "None", "undefined", "0", "false", "nil"];
