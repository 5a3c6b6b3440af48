//! Session variables as their session may see them.

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::models::bag::{self, Bag, VariableName};

/// A session variable.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Variable {
    /// Its name.
    #[schema(example = "counter")]
    pub name: String,
    /// Any JSON.
    #[schema(value_type = serde_json::Value, example = 3)]
    pub value: Box<RawValue>,
    /// Grows with every change in the session; its `ETag`.
    #[schema(example = 3)]
    pub version: i64,
}

impl Variable {
    /// The view of a variable.
    #[must_use]
    pub fn of(name: &VariableName, variable: &bag::Variable) -> Self {
        Self { name: name.as_str().to_owned(), value: variable.value.clone(), version: variable.version }
    }
}

/// All variables of a session.
#[derive(Debug, Serialize, ToSchema)]
pub struct VariableList {
    /// In the order of their names.
    pub items: Vec<Variable>,
}

impl From<&Bag> for VariableList {
    fn from(bag: &Bag) -> Self {
        Self { items: bag.iter().map(|(name, variable)| Variable::of(name, variable)).collect() }
    }
}
