//! The section of the prior.

use super::*;
use crate::model::{Prior, PriorSpec};

/// The model with a prior that is fitted to some codes.
fn with_prior() -> Model {
    let mut model = model();
    let codes = Prior::standard(2).draw(1, 0..200);
    let spec = PriorSpec::Mixture { components: 2 };
    let fitted = Prior::fit(codes.view(), spec, 1, &mut |_| Ok(())).unwrap();
    model.set_prior(fitted.prior).unwrap();
    model
}

#[test]
fn a_prior_is_saved_and_loaded_to_the_bit() {
    let model = with_prior();
    let bytes = bytes_of(&model);
    let again = load_bytes(&bytes).unwrap();
    assert_eq!(again.prior(), model.prior());
    let draw = |model: &Model| model.prior().unwrap().draw(3, 0..100);
    assert_eq!(draw(&again), draw(&model));
    assert_eq!(bytes_of(&again), bytes);
    // A model without one has no such section.
    assert_eq!(
        load_bytes(&bytes_of(&super::model())).unwrap().prior(),
        None
    );
    let mut other = super::model();
    let error = other.set_prior(Prior::standard(3)).unwrap_err().to_string();
    assert!(
        error.contains("expected one of codes of 2 values, found 3"),
        "{error}"
    );
}

#[test]
fn a_damaged_prior_is_refused_by_its_name() {
    let bytes = bytes_of(&with_prior());
    let refused =
        |change: &dyn Fn(&mut Value)| refusal(&changed_file(&bytes, |about| change(about), |_| ()));
    let message = refused(&|about| about["prior"]["components"][0]["mean"] = json!([1.0]));
    for part in ["the model's prior is damaged", "prior.components[0].mean"] {
        assert!(message.contains(part), "{message}");
    }
    let message = refused(&|about| drop(about.as_object_mut().unwrap().remove("prior")));
    assert!(
        message.contains("the section `prior` of the model is missing"),
        "{message}"
    );
    let flipped =
        |about: &mut Value| about["prior"]["components"][1]["covariance"][2] = json!(-1.0);
    let message = refused(&flipped);
    assert!(message.contains("not positive definite"), "{message}");
}
