//! TIFF pages that are not gray or color of 8 bits in a single strip.

use super::*;

/// A tag of 16-bit numbers: its number and its values.
type Entry = (u16, Vec<u16>);

/// Tags of an image of 2 x 1 pixels with samples of some bits.
fn tags(photometric: u16, bits: u16, samples: u16) -> Vec<Entry> {
    vec![
        (256, vec![2]),
        (257, vec![1]),
        (258, vec![bits; samples.into()]),
        (259, vec![1]),
        (262, vec![photometric]),
        (277, vec![samples]),
        (278, vec![1]),
    ]
}

/// A TIFF file of pages with the same pixels; the first page has a description.
fn file(pages: &[Vec<Entry>], pixels: &[u8], description: &str) -> Vec<u8> {
    const PIXELS: u32 = 8;
    let mut file = b"II*\0\0\0\0\0".to_vec();
    file.extend(pixels);
    file.resize(file.len().next_multiple_of(2), 0);
    let text_at = file.len() as u32;
    let text = format!("{description}\0\0");
    file.extend(text.bytes());
    file.resize(file.len().next_multiple_of(2), 0);
    let mut before = 4;
    for (index, tags) in pages.iter().enumerate() {
        let at = file.len() as u32;
        file[before..before + 4].copy_from_slice(&at.to_le_bytes());
        let mut entries: Vec<(u16, u16, u32, Vec<u8>)> = tags
            .iter()
            .map(|(tag, values)| {
                let bytes = values.iter().flat_map(|value| value.to_le_bytes());
                (*tag, 3, values.len() as u32, bytes.collect())
            })
            .collect();
        // A strip, or a tile for each color.
        let is_tiled = tags.iter().any(|(tag, _)| *tag == 322);
        let (places, counts, pieces) = if is_tiled {
            (324, 325, 3)
        } else {
            (273, 279, 1)
        };
        let count = pixels.len() as u32 / pieces;
        let of = |value: u32| value.to_le_bytes().repeat(pieces as usize);
        entries.push((places, 4, pieces, of(PIXELS)));
        entries.push((counts, 4, pieces, of(count)));
        if index == 0 && !description.is_empty() {
            let place = text_at.to_le_bytes().to_vec();
            entries.push((270, 2, text.len() as u32, place));
        }
        entries.sort();
        let behind = at as usize + 2 + 12 * entries.len() + 4;
        let mut more = Vec::new();
        file.extend((entries.len() as u16).to_le_bytes());
        for (tag, kind, count, bytes) in entries {
            file.extend(tag.to_le_bytes());
            file.extend(kind.to_le_bytes());
            file.extend(count.to_le_bytes());
            let mut value = bytes;
            if value.len() > 4 {
                let place = (behind + more.len()) as u32;
                more.extend(value);
                value = place.to_le_bytes().to_vec();
            }
            value.resize(4, 0);
            file.extend(value);
        }
        before = file.len();
        file.extend([0; 4]);
        file.extend(more);
    }
    file
}

#[test]
fn bands_beside_the_color_are_alpha_or_refused() {
    let folder = Folder::new();
    let put = |tags: Vec<Entry>, bytes: usize| {
        let pixels: Vec<u8> = (0..bytes as u8).map(|byte| byte * 10).collect();
        folder.put("a.tif", &file(&[tags], &pixels, ""));
    };
    for (photometric, samples, extra) in [
        (2, 4, vec![0]),
        (2, 6, vec![0; 3]),
        (2, 5, vec![2, 0]),
        (5, 5, vec![0]),
        (1, 4, vec![0; 3]),
    ] {
        let mut tags = tags(photometric, 8, samples);
        tags.push((338, extra));
        put(tags, 2 * usize::from(samples));
        let error = folder.refused("a.tif");
        assert!(
            error.contains(&format!("it has {samples} bands")),
            "{error}"
        );
    }
    let mut with_alpha = tags(2, 8, 4);
    with_alpha.push((338, vec![2]));
    put(with_alpha, 8);
    let data = folder.read("a.tif");
    assert!(data.shape() == [3, 1, 2] && said(&data, "is transparent"));
}

#[test]
fn zero_is_white_for_8_bits_alone() {
    let folder = Folder::new();
    folder.put("a.tif", &file(&[tags(0, 8, 1)], &[0, 250], ""));
    assert_eq!(row(&folder.read("a.tif"), 0), [255.0, 5.0]);
    folder.put("a.tif", &file(&[tags(0, 16, 1)], &[1, 0, 0, 2], ""));
    assert_eq!(row(&folder.read("a.tif"), 0), [1.0, 512.0]);
    let mut floats = tags(0, 32, 1);
    floats.push((339, vec![3]));
    let pixels = [0.25_f32, 7.5].map(f32::to_le_bytes).concat();
    folder.put("a.tif", &file(&[floats], &pixels, ""));
    assert_eq!(row(&folder.read("a.tif"), 0), [0.25, 7.5]);
}

#[test]
fn reversed_bits_and_planes_in_partial_tiles_are_refused_by_name() {
    let folder = Folder::new();
    let mut reversed = tags(1, 1, 1);
    reversed.push((266, vec![2]));
    folder.put("a.tif", &file(&[reversed], &[1], ""));
    assert!(folder.refused("a.tif").contains("FillOrder 2"));
    let mut tiles = tags(2, 8, 3);
    tiles.extend([(284, vec![2]), (322, vec![16]), (323, vec![16])]);
    folder.put("a.tif", &file(&[tiles], &[0; 768], ""));
    assert!(folder.refused("a.tif").contains("planarconfig=\"contig\""));
}

#[test]
fn masks_are_no_rows_and_stacks_of_one_page_are_refused() {
    let folder = Folder::new();
    let mut mask = tags(1, 8, 1);
    mask.push((254, vec![4]));
    folder.put("a.tif", &file(&[tags(1, 8, 1), mask], &[1, 2], ""));
    let data = folder.read("a.tif");
    assert!(data.rows() == 1 && said(&data, "1 page left out: previews"));
    let stack = file(&[tags(1, 8, 1)], &[1, 2], "ImageJ=1.54\nimages=5\n");
    folder.put("a.tif", &stack);
    assert!(folder.refused("a.tif").contains("a stack of 5 images"));
}

#[test]
fn pages_that_share_their_pixels_do_not_promise_much() {
    let folder = Folder::new();
    let page = || {
        let mut tags = tags(1, 8, 1);
        tags[0].1 = vec![4000];
        tags[1].1 = vec![4000];
        tags[6].1 = vec![4000];
        tags
    };
    let pages: Vec<Vec<Entry>> = (0..200).map(|_| page()).collect();
    folder.put("a.tif", &file(&pages, &[0; 16], ""));
    let error = folder.refused("a.tif");
    assert!(
        error.contains("200 images of 3,200,000,000 bytes"),
        "{error}"
    );
}

#[test]
fn images_are_brought_to_the_depth_that_a_model_has() {
    let folder = Folder::new();
    let of = |bits| ReadOptions {
        bits: Some(bits),
        ..ReadOptions::default()
    };
    folder.put("eight.tif", &file(&[tags(1, 8, 1)], &[1, 255], ""));
    let data = folder.read_with("eight.tif", &of(16));
    assert_eq!(row(&data, 0), [257.0, 65535.0]);
    assert!(said(&data, "to 16 bits, as the model was trained on"));
    folder.put("wide.tif", &file(&[tags(1, 16, 1)], &[1, 1, 255, 255], ""));
    let data = folder.read_with("wide.tif", &of(8));
    assert_eq!(row(&data, 0), [1.0, 255.0]);
    assert!(data.is_8_bit() && said(&data, "to 8 bits, as the model was trained on"));
}

#[test]
fn a_missing_value_names_its_file() {
    let folder = Folder::new();
    let mut floats = tags(1, 32, 1);
    floats.push((339, vec![3]));
    let page = |value: f32| {
        file(
            &[floats.clone()],
            &[value, 1.0].map(f32::to_le_bytes).concat(),
            "",
        )
    };
    folder.put("in/a.tif", &page(0.5));
    folder.put("in/b.tif", &page(f32::NAN));
    let error = folder.refused("in");
    assert!(
        error.contains("b.tif") && error.contains("found NaN"),
        "{error}"
    );
    let options = ReadOptions {
        on_bad: OnBad::Drop,
        ..ReadOptions::default()
    };
    assert_eq!(folder.read_with("in", &options).rows(), 1);
}
