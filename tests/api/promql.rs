//! Reads PromQL expressions: the metrics that they select and the labels that they name. `promtool` checks the rest of
//! the syntax.

use std::collections::BTreeSet;

const FUNCTIONS: &[&str] = &["histogram_quantile", "increase", "max", "rate", "sum", "topk"];
const OPERATORS: &[&str] = &["and", "or", "unless"];
/// Keywords before a list of labels.
const BEFORE_LABELS: &[&str] = &["by", "ignoring", "on", "without"];

/// A metric with the conditions on its labels.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Selector {
    pub(crate) metric: String,
    pub(crate) matchers: Vec<Matcher>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Matcher {
    pub(crate) label: String,
    pub(crate) operator: String,
    pub(crate) value: String,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Expression {
    pub(crate) selectors: Vec<Selector>,
    /// The labels in `by (…)`, `ignoring (…)` and similar lists.
    pub(crate) listed: BTreeSet<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Name(String),
    Text(String),
    /// A number, a duration, or a variable of Grafana such as `$__rate_interval`.
    Value(String),
    Symbol(String),
}

/// What a bracket contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inside {
    Expressions,
    Labels,
    Matchers,
    Range,
}

/// Returns what an expression names, or what is wrong with it.
pub(crate) fn read(text: &str) -> Result<Expression, String> {
    let tokens = tokens(text)?;
    let (mut found, mut open, mut previous) = (Expression::default(), Vec::new(), None);
    let mut place = 0;
    while let Some(token) = tokens.get(place) {
        let inside = open.last().copied().unwrap_or(Inside::Expressions);
        match token {
            Token::Symbol(symbol) if ["(", "{", "["].contains(&symbol.as_str()) => {
                open.push(opened(symbol, previous, inside)?);
            }
            Token::Symbol(symbol) if [")", "}", "]"].contains(&symbol.as_str()) => {
                let expected = match open.pop() {
                    Some(Inside::Expressions | Inside::Labels) => ")",
                    Some(Inside::Matchers) => "}",
                    Some(Inside::Range) => "]",
                    None => return Err(format!("{symbol} closes nothing")),
                };
                if symbol != expected {
                    return Err(format!("{symbol} instead of {expected}"));
                }
            }
            Token::Name(name) => match inside {
                Inside::Labels => _ = found.listed.insert(name.clone()),
                Inside::Matchers => {
                    let Some([Token::Symbol(operator), Token::Text(value)]) = tokens.get(place + 1..place + 3) else {
                        return Err(format!("no condition for {name}"));
                    };
                    let matcher = Matcher { label: name.clone(), operator: operator.clone(), value: value.clone() };
                    found.selectors.last_mut().ok_or("a condition without a metric")?.matchers.push(matcher);
                    place += 2;
                }
                Inside::Range => return Err(format!("{name} is not a duration")),
                Inside::Expressions if [FUNCTIONS, OPERATORS, BEFORE_LABELS].concat().contains(&name.as_str()) => {}
                Inside::Expressions => {
                    found.selectors.push(Selector { metric: name.clone(), ..Selector::default() });
                }
            },
            _ => {}
        }
        previous = tokens.get(place);
        place += 1;
    }
    if open.is_empty() { Ok(found) } else { Err("a bracket is not closed".to_owned()) }
}

/// Returns what the bracket `symbol` contains after the token `previous`.
fn opened(symbol: &str, previous: Option<&Token>, inside: Inside) -> Result<Inside, String> {
    if inside != Inside::Expressions {
        return Err(format!("{symbol} in {inside:?}"));
    }
    match (symbol, previous) {
        ("(", Some(Token::Name(name))) if BEFORE_LABELS.contains(&name.as_str()) => Ok(Inside::Labels),
        ("(", Some(Token::Name(name))) if ![FUNCTIONS, OPERATORS].concat().contains(&name.as_str()) => {
            Err(format!("{name} is not a function"))
        }
        ("(", _) => Ok(Inside::Expressions),
        ("{", Some(Token::Name(_))) => Ok(Inside::Matchers),
        ("[", Some(Token::Name(_))) => Ok(Inside::Range),
        ("[", Some(Token::Symbol(end))) if end == "}" => Ok(Inside::Range),
        _ => Err(format!("{symbol} after {previous:?}")),
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let word = |char: char| char.is_ascii_alphanumeric() || "_:.$".contains(char);
        let length = if first == '"' {
            rest[1..].find('"').ok_or("a quote is not closed")? + 2
        } else if word(first) {
            rest.find(|char| !word(char)).unwrap_or(rest.len())
        } else {
            let two = rest.get(..2).is_some_and(|two| ["=~", "!~", "!=", "==", ">=", "<="].contains(&two));
            if two { 2 } else { first.len_utf8() }
        };
        let (token, after) = rest.split_at(length);
        tokens.push(match first {
            '"' => Token::Text(token.trim_matches('"').to_owned()),
            '0'..='9' | '$' => Token::Value(token.to_owned()),
            _ if word(first) => Token::Name(token.to_owned()),
            _ if "(){}[]=!<>+-*/,~".contains(first) => Token::Symbol(token.to_owned()),
            _ => return Err(format!("unexpected {first}")),
        });
        rest = after.trim_start();
    }
    Ok(tokens)
}

#[test]
fn metrics_conditions_and_lists_of_labels_are_found() {
    let text = r#"sum by (instance, le) (rate(a_total{b="c", d!~"e.*"}[5m])) / ignoring(f) topk(3, g) >= 0.9"#;
    let found = read(text).unwrap();
    let matcher = |label: &str, operator: &str, value: &str| Matcher {
        label: label.to_owned(),
        operator: operator.to_owned(),
        value: value.to_owned(),
    };
    let first =
        Selector { metric: "a_total".to_owned(), matchers: vec![matcher("b", "=", "c"), matcher("d", "!~", "e.*")] };
    let second = Selector { metric: "g".to_owned(), matchers: Vec::new() };
    assert_eq!(found.selectors, [first, second]);
    assert_eq!(found.listed, ["f", "instance", "le"].map(str::to_owned).into());
}

#[test]
fn malformed_expressions_are_rejected() {
    for text in
        ["sum(a", "a)", "a{b}", "a[5m", "sum(a]", "a{b=\"c}", "rates(a[5m])", "a[b]", "5[5m]", "{b=\"c\"}", "a?"]
    {
        assert!(read(text).is_err(), "{text}");
    }
}
