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
            add(format!("{whole}.0"), "as a decimal number");
            add(format!("{whole}.00"), "as a decimal number");
        }
        add(format!("{number}"), "as a number");
        add(format!("{number:e}"), "with an exponent");
        add(format!("{number:.1}"), "with one decimal");
        add(format!("{number:.2}"), "with two decimals");
        add(value.replace('.', ","), "with a decimal comma");
        add(format!("{}", number * 100.0), "multiplied by 100");
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
    add(value.trim().to_owned(), "without the blanks around it");
    add(value.to_lowercase(), "in lower case");
    add(value.to_uppercase(), "in capitals");
    if value.contains(',') {
        let list: Vec<&str> = value.split(',').collect();
        add(format!("[{}]", list.join(",")), "as a list in brackets");
        add(format!("[{}]", list.join(", ")), "as a list in brackets");
        add(value.replace(',', ", "), "with blanks after the commas");
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

pub(super) const EMPTY_WORDS: [&str; 6] = ["null", "None", "undefined", "0", "false", "nil"];
