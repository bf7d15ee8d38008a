//! Every instruction set of this machine in one process, one after the other.

use crate::alone::alone;
use narrows::data::Dataset;
use narrows::train::Training;
use narrows::{Error, ErrorKind, Model, Recipe, isa};
use ndarray::Array2;

fn trained(data: &Dataset, threads: usize) -> Model {
    let mut recipe = Recipe::named("table").unwrap();
    recipe.epochs = 2;
    let mut training = Training::new(&recipe, data, threads).unwrap();
    while !training.is_finished() {
        training.epoch(|_| ()).unwrap();
    }
    training.model().unwrap()
}

fn parameters(model: &Model) -> Vec<u32> {
    let all = model.parameters().flat();
    all.iter().map(|p| p.to_bits()).collect()
}

// Alone, as what is pinned is pinned for the whole process.
#[test]
fn a_process_computes_with_what_it_is_pinned_to() {
    alone(
        "isa::a_process_computes_with_what_it_is_pinned_to",
        check_each,
    );
}

fn check_each() {
    let values = Array2::from_shape_fn((300, 21), |(row, column)| {
        ((row * (column + 3)) as f32 / 17.0).sin()
    });
    let data = Dataset::from_array(values.view()).unwrap();
    let fastest = isa::available()[0];
    assert_eq!(isa::name(), fastest);
    let unpinned = trained(&data, 1);
    assert_eq!(unpinned.origin().isa, [fastest]);
    let mut portable = None;
    for name in isa::available().into_iter().rev() {
        isa::pin(&name.to_lowercase()).unwrap();
        assert_eq!(isa::name(), name);
        let [one, three] = [1, 3].map(|threads| trained(&data, threads));
        assert_eq!(one.origin().isa, [name]);
        assert_eq!(parameters(&one), parameters(&three), "{name}");
        if name == fastest {
            assert_eq!(parameters(&one), parameters(&unpinned), "{name}");
        }
        // Another order of the same sums.
        let all = one.parameters().flat().to_vec();
        let first = portable.get_or_insert_with(|| all.clone());
        assert_eq!(all == *first, name == "portable", "{name}");
        for (a, b) in all.iter().zip(&*first) {
            assert!((a - b).abs() < 1e-3, "{name}: {a} and {b}");
        }
    }
    let before = isa::name();
    let error: Error = isa::pin("MMX").unwrap_err();
    assert_eq!((error.kind(), isa::name()), (ErrorKind::Data, before));
    let text = error.to_string();
    assert!(
        text.contains(&isa::available().join(", ")) && text.contains("`MMX`"),
        "{text}"
    );
}
