//! Layers matched by order and shape.
//!
//! A safetensors file does not keep the order of its tensors, so the order must come from the names. At the first
//! number in which two names differ, the smaller number comes first (`fc1` before `fc2`, `net.0` before `net.10`).
//! Names with a part like `enc` or `decoder` belong to the encoder or to the decoder.

use std::cmp::Ordering;
use std::collections::BTreeMap;

/// The most layers that are matched.
const MAX_LAYERS: usize = 256;

/// The most steps of the search. A search that takes more counts as ambiguous.
const MAX_STEPS: usize = 50_000;

/// The tensors of a layer.
pub(super) struct LayerTensors<'a> {
    pub(super) name: &'a str,
    /// By their names in the layer.
    pub(super) tensors: Vec<LayerTensor<'a>>,
}

/// A tensor of a layer.
pub(super) struct LayerTensor<'a> {
    name: &'a str,
    shape: &'a [usize],
    /// Its place in the list from which the layers were made.
    pub(super) place: usize,
}

/// Groups tensors into layers, in the order of the first tensor of each layer.
pub(super) fn layers<'a>(
    tensors: impl Iterator<Item = (&'a str, &'a [usize])>,
) -> Vec<LayerTensors<'a>> {
    let mut layers: Vec<LayerTensors<'a>> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for (place, (full, shape)) in tensors.enumerate() {
        let (layer, name) = full.rsplit_once('.').unwrap_or((full, ""));
        let part = LayerTensor { name, shape, place };
        let at = *places.entry(layer).or_insert(layers.len());
        match layers.get_mut(at) {
            Some(layer) => layer.tensors.push(part),
            None => layers.push(LayerTensors {
                name: layer,
                tensors: vec![part],
            }),
        }
    }
    for layer in &mut layers {
        layer.tensors.sort_by_key(|part| part.name);
    }
    layers
}

/// The assignments of their layers to our layers that keep the order and fit the shapes. Returns none, the only one, or
/// two of several. Each assignment has, for each of our layers, the place of their layer.
pub(super) fn matches(ours: &[LayerTensors<'_>], theirs: &[LayerTensors<'_>]) -> Vec<Vec<usize>> {
    if ours.len() != theirs.len() || ours.is_empty() || ours.len() > MAX_LAYERS {
        return Vec::new();
    }
    let before = |theirs_: &LayerTensors<'_>| -> Vec<usize> {
        let earlier =
            |other: &LayerTensors<'_>| order(other.name, theirs_.name) == Some(Ordering::Less);
        let all = theirs.iter().enumerate();
        all.filter(|(_, other)| earlier(other))
            .map(|(at, _)| at)
            .collect()
    };
    let fitting = |ours: &LayerTensors<'_>| -> Vec<usize> {
        let all = theirs.iter().enumerate();
        all.filter(|(_, theirs)| fits(ours, theirs))
            .map(|(at, _)| at)
            .collect()
    };
    let mut search = Search {
        candidates: ours.iter().map(fitting).collect(),
        before: theirs.iter().map(before).collect(),
        used: vec![false; theirs.len()],
        chosen: Vec::new(),
        found: Vec::new(),
        steps: 0,
    };
    search.go_on();
    if search.steps > MAX_STEPS {
        // It is not known whether it is the only one.
        search.found.into_iter().cycle().take(2).collect()
    } else {
        search.found
    }
}

struct Search {
    /// For each of our layers, their layers that fit it.
    candidates: Vec<Vec<usize>>,
    /// For each of their layers, the layers that come before it.
    before: Vec<Vec<usize>>,
    used: Vec<bool>,
    chosen: Vec<usize>,
    found: Vec<Vec<usize>>,
    steps: usize,
}

impl Search {
    fn go_on(&mut self) {
        self.steps += 1;
        let Some(candidates) = self.candidates.get(self.chosen.len()) else {
            self.found.push(self.chosen.clone());
            return;
        };
        for at in candidates.clone() {
            if self.found.len() > 1 || self.steps > MAX_STEPS {
                return;
            }
            let is_used = |at: usize| self.used.get(at).copied().unwrap_or(true);
            let before = self.before.get(at).map_or(&[][..], Vec::as_slice);
            if is_used(at) || !before.iter().all(|&earlier| is_used(earlier)) {
                continue;
            }
            self.used[at] = true;
            self.chosen.push(at);
            self.go_on();
            self.chosen.pop();
            self.used[at] = false;
        }
    }
}

/// Whether one of their layers has the tensors of ours, and its name does not belong to the other half.
fn fits(ours: &LayerTensors<'_>, theirs: &LayerTensors<'_>) -> bool {
    let parts = |layer: &LayerTensors<'_>| layer.tensors.len();
    let is_other_half = are_of_two_halves(ours.name, theirs.name);
    let pairs = ours.tensors.iter().zip(&theirs.tensors);
    let has_same = pairs
        .into_iter()
        .all(|(ours, theirs)| ours.name == theirs.name && ours.shape == theirs.shape);
    !is_other_half && parts(ours) == parts(theirs) && has_same
}

/// A half of an autoencoder: encoder or decoder.
#[derive(Clone, Copy, PartialEq)]
enum Half {
    Encoder,
    Decoder,
}

/// The half that a name belongs to.
fn half(name: &str) -> Option<Half> {
    name.split(['.', '_']).find_map(|part| {
        let part = part.trim_end_matches(|c: char| c.is_ascii_digit());
        match part.to_ascii_lowercase().as_str() {
            "encoder" | "enc" | "encode" | "encoding" => Some(Half::Encoder),
            "decoder" | "dec" | "decode" | "decoding" => Some(Half::Decoder),
            _ => None,
        }
    })
}

/// Whether one name belongs to the encoder and the other to the decoder.
pub(super) fn are_of_two_halves(one: &str, other: &str) -> bool {
    matches!((half(one), half(other)), (Some(one), Some(other)) if one != other)
}

/// The order of two names, if the first difference between them is a number.
fn order(a: &str, b: &str) -> Option<Ordering> {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    // A number may begin before the first digit that differs.
    let head = a.get(..same)?;
    let digits = head.iter().rev().take_while(|byte| byte.is_ascii_digit());
    let start = same - digits.count();
    let number = |text: &[u8]| -> Option<u64> {
        let digits: Vec<u8> = text
            .iter()
            .skip(start)
            .copied()
            .take_while(u8::is_ascii_digit)
            .collect();
        String::from_utf8(digits).ok()?.parse().ok()
    };
    let (a, b) = (number(a)?, number(b)?);
    (a != b).then(|| a.cmp(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_tell_the_order_of_names_where_they_are_the_first_difference() {
        for (a, b, expected) in [
            ("fc1", "fc2", Some(Ordering::Less)),
            ("net.10", "net.9", Some(Ordering::Greater)),
            ("net.1", "net.12", Some(Ordering::Less)),
            ("net.1.0", "net.2", Some(Ordering::Less)),
            ("block1.conv", "block2.fc", Some(Ordering::Less)),
            ("fc", "fc1", None),
            ("encoder.0", "decoder.2", None),
            ("a1", "a1", None),
            ("a01", "a1", None),
            ("x99999999999999999999999", "x1", None),
        ] {
            assert_eq!(order(a, b), expected, "{a} {b}");
            assert_eq!(order(b, a), expected.map(Ordering::reverse), "{b} {a}");
        }
    }

    #[test]
    fn halves_are_told_by_a_part_of_a_name() {
        assert!(half("enc_fc1") == Some(Half::Encoder));
        assert!(half("net.Decoder2.0") == Some(Half::Decoder));
        assert!(half("encoded.decoding.1") == Some(Half::Decoder));
        assert!(half("autoencoder.fc1").is_none());
    }

    #[test]
    fn a_search_that_takes_too_long_finds_none_or_more_than_one() {
        let names: Vec<String> = (0..40)
            .map(|i| format!("l{}", char::from(b'A' + i)))
            .collect();
        let all = |shape: &'static [usize]| layers(names.iter().map(move |name| (&**name, shape)));
        assert_eq!(matches(&all(&[2, 2]), &all(&[2, 2])).len(), 2);
        assert!(matches(&all(&[2, 2]), &all(&[2, 3])).is_empty());
    }
}
