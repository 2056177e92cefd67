//! The syntax of an expression of a scheme, as a tree. The template engine keeps its own tree to
//! itself, so the part of the language that a program can say is read here once more. It refuses
//! what it does not know: a program that leaves something out would sign something else.

/// How deep brackets and operators may stand in each other.
const MAX_DEPTH: usize = 64;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Syntax {
    Text(String),
    Integer(i64),
    Boolean(bool),
    Null,
    /// `req.headers['x-a']` is `[req, headers, x-a]`.
    Name(Vec<String>),
    List(Vec<Syntax>),
    Slice {
        of: Box<Syntax>,
        from: Option<Box<Syntax>>,
        to: Option<Box<Syntax>>,
    },
    Filter {
        input: Box<Syntax>,
        name: String,
        arguments: Vec<Syntax>,
    },
    Binary {
        operator: BinaryOperator,
        left: Box<Syntax>,
        right: Box<Syntax>,
    },
    Not(Box<Syntax>),
    Conditional {
        condition: Box<Syntax>,
        then: Box<Syntax>,
        otherwise: Box<Syntax>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BinaryOperator {
    Or,
    And,
    Equal,
    NotEqual,
    Plus,
    Minus,
    Times,
    /// `~`
    Join,
}

/// # Errors
/// With what is not understood.
pub(super) fn parse_expression(source: &str) -> Result<Syntax, String> {
    let mut parser = Parser {
        tokens: tokens(source)?,
        at: 0,
        depth: 0,
    };
    let syntax = parser.conditional()?;
    match parser.tokens.get(parser.at) {
        None => Ok(syntax),
        Some(token) => Err(format!("`{}` is not understood there", token.shown())),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum SyntaxToken {
    Text(String),
    Integer(i64),
    Word(String),
    Sign(&'static str),
}

impl SyntaxToken {
    fn shown(&self) -> String {
        match self {
            Self::Text(text) => format!("'{text}'"),
            Self::Integer(number) => number.to_string(),
            Self::Word(word) => word.clone(),
            Self::Sign(sign) => (*sign).to_owned(),
        }
    }
}

/// Longer ones before those that they begin with.
const SIGNS: [&str; 14] = [
    "==", "!=", "|", ".", ",", "(", ")", "[", "]", ":", "~", "+", "-", "*",
];

fn tokens(source: &str) -> Result<Vec<SyntaxToken>, String> {
    let mut tokens = Vec::new();
    let mut rest = source.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        if first == '\'' || first == '"' {
            let (text, len) = quoted_text(rest, first)?;
            tokens.push(SyntaxToken::Text(text));
            rest = &rest[len..];
        } else if is_word(first) {
            let len = rest.find(|letter| !is_word(letter)).unwrap_or(rest.len());
            tokens.push(word_token(&rest[..len])?);
            rest = &rest[len..];
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
            let sign = sign.ok_or_else(|| format!("`{first}` is not understood"))?;
            tokens.push(SyntaxToken::Sign(sign));
            rest = &rest[sign.len()..];
        }
        rest = rest.trim_start();
    }
    Ok(tokens)
}

fn word_token(word: &str) -> Result<SyntaxToken, String> {
    if !word.starts_with(|letter: char| letter.is_ascii_digit()) {
        return Ok(SyntaxToken::Word(word.to_owned()));
    }
    word.parse()
        .map(SyntaxToken::Integer)
        .map_err(|_| format!("`{word}` is not a whole number"))
}

/// A text without its quotes, and its length with them.
fn quoted_text(rest: &str, quote: char) -> Result<(String, usize), String> {
    let mut text = String::new();
    let mut letters = rest.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        if letter == quote {
            return Ok((text, at + 1));
        }
        if letter != '\\' {
            text.push(letter);
            continue;
        }
        let escaped = letters.next().map(|(_, letter)| letter);
        text.push(match escaped {
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some(same @ ('\\' | '/' | '\'' | '"')) => same,
            _ => return Err("an escape in a text is not understood".to_owned()),
        });
    }
    Err("a text is never closed".to_owned())
}

struct Parser {
    tokens: Vec<SyntaxToken>,
    at: usize,
    depth: usize,
}

/// One level of operators: signs or words, and what they are.
type OperatorLevel = &'static [(&'static str, BinaryOperator)];

const OR: OperatorLevel = &[("or", BinaryOperator::Or)];
const AND: OperatorLevel = &[("and", BinaryOperator::And)];
const COMPARISONS: OperatorLevel = &[
    ("==", BinaryOperator::Equal),
    ("!=", BinaryOperator::NotEqual),
];
const SUMS: OperatorLevel = &[("+", BinaryOperator::Plus), ("-", BinaryOperator::Minus)];
const JOINS: OperatorLevel = &[("~", BinaryOperator::Join)];
const PRODUCTS: OperatorLevel = &[("*", BinaryOperator::Times)];

impl Parser {
    /// The loosest operator: `a if b else c`.
    fn conditional(&mut self) -> Result<Syntax, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("it is too deep".to_owned());
        }
        let mut value = self.or()?;
        if self.takes("if") {
            let condition = self.or()?;
            self.expect("else")?;
            let otherwise = self.conditional()?;
            value = Syntax::Conditional {
                condition: Box::new(condition),
                then: Box::new(value),
                otherwise: Box::new(otherwise),
            };
        }
        self.depth -= 1;
        Ok(value)
    }

    fn or(&mut self) -> Result<Syntax, String> {
        self.level(OR, Self::and)
    }

    fn and(&mut self) -> Result<Syntax, String> {
        self.level(AND, Self::not)
    }

    fn not(&mut self) -> Result<Syntax, String> {
        let mut negations = 0;
        while self.takes("not") {
            negations += 1;
        }
        let value = self.comparison()?;
        Ok((0..negations).fold(value, |value, _| Syntax::Not(Box::new(value))))
    }

    fn comparison(&mut self) -> Result<Syntax, String> {
        self.level(COMPARISONS, Self::sum)
    }

    fn sum(&mut self) -> Result<Syntax, String> {
        self.level(SUMS, Self::join)
    }

    fn join(&mut self) -> Result<Syntax, String> {
        self.level(JOINS, Self::product)
    }

    fn product(&mut self) -> Result<Syntax, String> {
        self.level(PRODUCTS, Self::postfix)
    }

    /// Operands with operators of one level between them, from the left.
    fn level(
        &mut self,
        operators: OperatorLevel,
        operand: fn(&mut Self) -> Result<Syntax, String>,
    ) -> Result<Syntax, String> {
        let mut left = operand(self)?;
        while let Some((_, operator)) = operators.iter().find(|(sign, _)| self.takes(sign)) {
            let right = operand(self)?;
            left = Syntax::Binary {
                operator: *operator,
                left: Box::new(left),
                right: Box::new(right),
            };
        }
        Ok(left)
    }

    /// A value with its members, slices and filters.
    fn postfix(&mut self) -> Result<Syntax, String> {
        let mut value = self.primary()?;
        loop {
            value = if self.takes(".") {
                member(value, self.word()?)?
            } else if self.takes("[") {
                self.subscript(value)?
            } else if self.takes("|") {
                let name = self.word()?;
                let arguments = if self.takes("(") {
                    self.items(")")?
                } else {
                    Vec::new()
                };
                Syntax::Filter {
                    input: Box::new(value),
                    name,
                    arguments,
                }
            } else {
                return Ok(value);
            };
        }
    }

    /// `['name']`, or `[from:to]`.
    fn subscript(&mut self, of: Syntax) -> Result<Syntax, String> {
        if let (Some(SyntaxToken::Text(name)), Some(SyntaxToken::Sign("]"))) =
            (self.tokens.get(self.at), self.tokens.get(self.at + 1))
        {
            let name = name.clone();
            self.at += 2;
            return member(of, name);
        }
        let from = if self.takes(":") {
            None
        } else {
            let from = self.conditional()?;
            self.expect(":")?;
            Some(Box::new(from))
        };
        let to = if self.takes("]") {
            None
        } else {
            let to = self.conditional()?;
            self.expect("]")?;
            Some(Box::new(to))
        };
        let of = Box::new(of);
        Ok(Syntax::Slice { of, from, to })
    }

    fn primary(&mut self) -> Result<Syntax, String> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        match token {
            Some(SyntaxToken::Text(text)) => Ok(Syntax::Text(text)),
            Some(SyntaxToken::Integer(number)) => Ok(Syntax::Integer(number)),
            Some(SyntaxToken::Sign("(")) => {
                let inside = self.conditional()?;
                self.expect(")")?;
                Ok(inside)
            }
            Some(SyntaxToken::Sign("[")) => self.items("]").map(Syntax::List),
            Some(SyntaxToken::Word(word)) => match word.as_str() {
                "true" | "True" => Ok(Syntax::Boolean(true)),
                "false" | "False" => Ok(Syntax::Boolean(false)),
                "none" | "None" => Ok(Syntax::Null),
                "if" | "else" | "or" | "and" | "not" | "in" | "is" => {
                    Err(format!("`{word}` is not understood there"))
                }
                _ => Ok(Syntax::Name(vec![word])),
            },
            Some(token) => Err(format!("`{}` is not understood there", token.shown())),
            None => Err("something is missing at its end".to_owned()),
        }
    }

    /// Values with commas between, up to a closing bracket.
    fn items(&mut self, close: &'static str) -> Result<Vec<Syntax>, String> {
        let mut items = Vec::new();
        while !self.takes(close) {
            items.push(self.conditional()?);
            if !self.takes(",") {
                self.expect(close)?;
                break;
            }
        }
        Ok(items)
    }

    fn takes(&mut self, wanted: &str) -> bool {
        let found = match self.tokens.get(self.at) {
            Some(SyntaxToken::Sign(sign)) => *sign == wanted,
            Some(SyntaxToken::Word(word)) => word == wanted,
            _ => false,
        };
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, wanted: &str) -> Result<(), String> {
        if self.takes(wanted) {
            Ok(())
        } else {
            Err(format!("there is no `{wanted}` where one is needed"))
        }
    }

    fn word(&mut self) -> Result<String, String> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        match token {
            Some(SyntaxToken::Word(word)) => Ok(word),
            _ => Err("a name is missing".to_owned()),
        }
    }
}

fn member(of: Syntax, name: String) -> Result<Syntax, String> {
    match of {
        Syntax::Name(mut path) => {
            path.push(name);
            Ok(Syntax::Name(path))
        }
        _ => Err(format!("the member `{name}` of a computed value")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree with brackets around everything.
    fn shown(source: &str) -> String {
        fn show(syntax: &Syntax) -> String {
            let list = |items: &[Syntax]| items.iter().map(show).collect::<Vec<_>>().join(",");
            match syntax {
                Syntax::Text(text) => format!("{text:?}"),
                Syntax::Integer(number) => number.to_string(),
                Syntax::Boolean(flag) => flag.to_string(),
                Syntax::Null => "none".to_owned(),
                Syntax::Name(path) => path.join("."),
                Syntax::List(items) => format!("[{}]", list(items)),
                Syntax::Slice { of, from, to } => {
                    let end = |end: &Option<Box<Syntax>>| {
                        end.as_ref().map_or(String::new(), |end| show(end))
                    };
                    format!("{}[{}:{}]", show(of), end(from), end(to))
                }
                Syntax::Filter {
                    input,
                    name,
                    arguments,
                } => format!("{name}({};{})", show(input), list(arguments)),
                Syntax::Binary {
                    operator,
                    left,
                    right,
                } => format!("({operator:?} {} {})", show(left), show(right)),
                Syntax::Not(value) => format!("(not {})", show(value)),
                Syntax::Conditional {
                    condition,
                    then,
                    otherwise,
                } => format!(
                    "(if {} {} {})",
                    show(condition),
                    show(then),
                    show(otherwise)
                ),
            }
        }
        match parse_expression(source) {
            Ok(syntax) => show(&syntax),
            Err(reason) => format!("error: {reason}"),
        }
    }

    #[test]
    fn operators_bind_as_in_the_template_engine() {
        for (source, tree) in [
            ("req.headers['x-a']", "req.headers.x-a"),
            ("ts[:8]", "ts[:8]"),
            ("(a | b)[6:]", "b(a;)[6:]"),
            (
                "md5 if m == 'a' else x if m != 'b' else y",
                "(if (Equal m \"a\") md5 (if (NotEqual m \"b\") x y))",
            ),
            ("a ~ ':' ~ b | b64", "(Join (Join a \":\") b64(b;))"),
            ("(a ~ b) | b64", "b64((Join a b);)"),
            ("unix_s + 300 * 2", "(Plus unix_s (Times 300 2))"),
            ("a ~ b + c", "(Plus (Join a b) c)"),
            ("a or not b and c", "(Or a (And (not b) c))"),
            (
                "req.query_pairs | also([['a', b or '']]) | concat('=', '\\n')",
                "concat(also(req.query_pairs;[[\"a\",(Or b \"\")]]);\"=\",\"\\n\")",
            ),
            ("a in b", "error: `in` is not understood there"),
            ("a // 2", "error: `/` is not understood"),
            ("f(x)", "error: `(` is not understood there"),
            ("1e3", "error: `1e3` is not a whole number"),
            ("'a\\q'", "error: an escape in a text is not understood"),
            ("a |", "error: a name is missing"),
        ] {
            assert_eq!(shown(source), tree, "{source}");
        }
        assert!(shown(&"(".repeat(1_000)).starts_with("error"));
    }
}
