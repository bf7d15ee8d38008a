use super::*;
use serde_json::json;

fn table() -> Dataset {
    let rows = ndarray::array![
        [1_700_000_000_i64, 5],
        [1_700_000_001, 6],
        [1_700_000_005, 8]
    ];
    Dataset::from_array(rows.view()).unwrap()
}

#[test]
fn columns_survive_json_with_names_and_without() {
    let names = ["when", "what"].map(String::from).to_vec();
    let labels = vec![3, 3, 1];
    for data in [
        table(),
        table().with_columns(names).unwrap(),
        table().with_labels(labels).unwrap(),
    ] {
        let columns = of(&data);
        let are_named = data.columns().is_some();
        let text = to_json(&columns, are_named).to_string();
        let value = serde_json::from_str(&text).unwrap();
        assert_eq!(from_json(&value, 2).unwrap(), (columns.clone(), are_named));
        assert!(columns[0].input.as_ref().unwrap().needs_double);
        assert_eq!(columns[1].name, if are_named { "what" } else { "x1" });
    }
    let labels = of(&table().with_labels(vec![3, 3, 1]).unwrap())
        .pop()
        .unwrap();
    let levels = [("1".to_string(), 1), ("3".to_string(), 2)];
    assert_eq!(
        (labels.role, labels.levels.unwrap()),
        (Role::Label, levels.to_vec())
    );
}

#[test]
fn inputs_in_another_order_than_the_file_s_keep_their_places() {
    let mut columns = of(&table());
    columns.swap(0, 1);
    let value = to_json(&columns, true);
    assert_eq!(
        (&value[0]["place"], &value[1]["place"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(from_json(&value, 2).unwrap().0, columns);
}

#[test]
fn damaged_columns_are_refused_with_their_place() {
    let whole = to_json(&of(&table()), false);
    assert!(from_json(&whole, 2).is_ok());
    let said = |value: &Value| from_json(value, 2).unwrap_err().to_string();
    let mut twice = to_json(&of(&table()), true);
    twice[1]["name"] = twice[0]["name"].clone();
    assert!(said(&twice).contains("found `x0` twice"));
    assert!(
        said(&json!({})).contains("columns: the model's description of its columns is damaged")
    );
    assert!(said(&json!([whole[0]])).contains("expected 2 inputs"));
    assert!(said(&json!([whole[0], whole[1], whole[1]])).contains("columns[2]"));
    for (key, value) in [
        ("type", json!("sound")),
        ("role", json!(1)),
        ("place", json!(0)),
        ("place", json!(2)),
        ("mean", Value::Null),
        ("std", json!(-1.0)),
        ("quantiles", json!([1.0])),
        ("quantiles", json!([9, 8, 7, 6, 5, 4, 3, 2, 1])),
        ("missing", json!(2.0)),
        ("levels", json!([["a", -1]])),
    ] {
        let mut damaged = whole.clone();
        damaged[1][key] = value;
        assert!(said(&damaged).contains("columns[1]"), "{key}");
    }
}

#[test]
fn images_have_no_columns() {
    let values = crate::data::Values::F32(ndarray::Array2::zeros((2, 4)));
    let images = Dataset::new("images", values, vec![1, 2, 2], None).unwrap();
    assert_eq!(of(&images), []);
}
