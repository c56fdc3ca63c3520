//! From the stage's JSON to the log's: texts, integers, booleans, lists and objects, and nothing else.

use ceremony_log::json::{Object, Value as LogValue};
use serde_json::Value;
use unicode_normalization::UnicodeNormalization as _;

/// An object of the log; nothing if something in it cannot be in a log.
pub fn to_object(value: &Value) -> Option<Object> {
    let Value::Object(members) = value else { return None };
    members
        .iter()
        .try_fold(Object::new(), |object, (key, member)| Some(object.with(key.as_str(), to_value(member)?)))
}

/// A value of the log; nothing for null and for numbers that are no integers.
pub fn to_value(value: &Value) -> Option<LogValue> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(yes) => LogValue::Bool(*yes),
        Value::Number(number) => LogValue::Int(number.as_i64()?),
        // Text is written in one form (NFC), so that what looks the same is the same.
        Value::String(text) => LogValue::String(text.nfc().collect()),
        Value::Array(items) => LogValue::Array(items.iter().map(to_value).collect::<Option<_>>()?),
        Value::Object(_) => LogValue::Object(to_object(value)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn text_is_written_composed() {
        let object = to_object(&json!({"a": "Zu\u{308}rich"})).unwrap();
        assert_eq!(LogValue::Object(object).to_canonical(), "{\"a\":\"Z\u{fc}rich\"}");
    }

    #[test]
    fn null_and_fractions_are_refused() {
        for bad in [json!({"a": null}), json!({"a": 1.5}), json!([1]), json!({"a": [{"b": null}]})] {
            assert!(to_object(&bad).is_none(), "{bad}");
        }
        let good = to_object(&json!({"b": [1, "x", true], "a": {"c": -1}})).unwrap();
        assert_eq!(LogValue::Object(good).to_canonical(), r#"{"a":{"c":-1},"b":[1,"x",true]}"#);
    }
}
