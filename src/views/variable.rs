//! Responses about session variables.

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::session_data::data;
use crate::session_data::data::{SessionData, VariableName};

/// A session variable.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Variable {
    #[schema(example = "counter")]
    pub name: String,
    /// Any JSON.
    #[schema(value_type = serde_json::Value, example = 3)]
    pub value: Box<RawValue>,
    /// Increases with every change in the session. The `ETag` contains it.
    #[schema(example = 3)]
    pub version: i64,
}

impl Variable {
    #[must_use]
    pub fn of(name: &VariableName, variable: &data::Variable) -> Self {
        Self { name: name.as_str().to_owned(), value: variable.value.clone(), version: variable.version }
    }
}

/// All variables of a session.
#[derive(Debug, Serialize, ToSchema)]
pub struct VariableList {
    /// Sorted by name.
    pub items: Vec<Variable>,
}

impl From<&SessionData> for VariableList {
    fn from(data: &SessionData) -> Self {
        Self { items: data.iter().map(|(name, variable)| Variable::of(name, variable)).collect() }
    }
}
