//! What a variational autoencoder cannot be, with the reason.

use super::*;

fn refused(text: &str, words: &[&str]) {
    let error = Recipe::parse(text, "vae.toml")
        .and_then(|recipe| recipe.network(&[INPUTS]).map(|_| ()))
        .unwrap_err()
        .to_string();
    for word in words {
        assert!(error.contains(word), "`{word}` is missing in: {error}");
    }
}

#[test]
fn a_drawn_code_needs_a_likelihood() {
    for loss in ["mse", "l1", "huber"] {
        let text = format!(
            "name = 'a'\nencoder = [{{ layer = 'dense', outputs = 4 }}]\nbottleneck = {{ kind = 'variational' }}\n\
             decoder = [{{ layer = 'dense' }}]\nobjective = {{ reconstruction = '{loss}' }}"
        );
        refused(
            &text,
            &["variational", loss, "gaussian", "objective.reconstruction"],
        );
    }
}

#[test]
fn an_encoder_gives_means_and_log_variances() {
    let text = "name = 'a'\nencoder = [{ layer = 'dense', outputs = 5 }]\nbottleneck = { kind = 'variational' }\n\
                decoder = [{ layer = 'dense' }]\nobjective = { reconstruction = 'gaussian' }";
    refused(
        text,
        &["bottleneck (variational)", "log variance", "[5]", "twice"],
    );
}

#[test]
fn a_warm_up_ends_before_training_does() {
    let text = "name = 'a'\nencoder = [{ layer = 'dense', outputs = 4 }]\n\
                bottleneck = { kind = 'variational', warmup = 3 }\n\
                decoder = [{ layer = 'dense' }]\nobjective = { reconstruction = 'gaussian' }\ntraining = { epochs = 3 }";
    refused(text, &["bottleneck.warmup", "warm-up", "fewer", "3"]);
}

#[test]
fn a_std_that_is_given_is_not_learned() {
    let text = "name = 'a'\nencoder = [{ layer = 'dense', outputs = 4 }]\ndecoder = [{ layer = 'dense' }]\n\
                objective = { reconstruction = 'gaussian', std = 1.0, per_column = true }";
    refused(text, &["objective.per_column", "`std`"]);
}

#[test]
fn what_the_weighed_bound_lacks_is_refused() {
    let bottleneck = |keys: &str, loss: &str| {
        format!(
            "name = 'a'\nencoder = [{{ layer = 'dense', outputs = 4 }}]\nbottleneck = {{ kind = 'variational', {keys} }}\n\
             decoder = [{{ layer = 'dense' }}]\nobjective = {{ reconstruction = {loss} }}"
        )
    };
    let gaussian = "'gaussian', std = 1.0";
    for (keys, words) in [
        (
            "samples = 3, bound = 'elbo'",
            &["bottleneck.bound", "iwae"][..],
        ),
        (
            "bound = 'iwae', free_bits = 0.1",
            &["free_bits", "closed form"],
        ),
        ("bound = 'iwae', beta = 2.0", &["beta", "closed form"]),
        ("bound = 'vae'", &["bound", "elbo", "iwae"]),
    ] {
        refused(&bottleneck(keys, gaussian), words);
    }
    let recipe = Recipe::parse(
        &bottleneck("bound = 'iwae', samples = 2", "'gaussian'"),
        "a",
    )
    .unwrap();
    let error = narrows::fit(&recipe, &rows(30, false))
        .unwrap_err()
        .to_string();
    assert!(error.contains("std that is given"), "{error}");
}
