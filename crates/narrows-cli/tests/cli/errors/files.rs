//! The bytes of the files that the list describes.

use std::io::Cursor;

/// The bytes of a file in the language of its block.
pub fn bytes(name: &str, language: &str, lines: &[String]) -> Vec<u8> {
    match language {
        "bytes" => unescaped(&lines.concat()),
        "npy" => npy(lines),
        "idx" => idx(lines),
        "safetensors" => safetensors(&lines.concat()),
        "image" => image(name, lines),
        _ => lines
            .iter()
            .flat_map(|line| [line, "\n"].concat().into_bytes())
            .collect(),
    }
}

/// Text in which `\n`, `\0`, `\\` and `\xNN` stand for bytes.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        bytes.extend(rest[..at].bytes());
        let (byte, length) = match &rest[at + 1..at + 2] {
            "n" => (b'\n', 2),
            "0" => (0, 2),
            "x" => (u8::from_str_radix(&rest[at + 2..at + 4], 16).unwrap(), 4),
            _ => (b'\\', 2),
        };
        bytes.push(byte);
        rest = &rest[at + length..];
    }
    bytes.extend(rest.bytes());
    bytes
}

/// An NPY file: the first line is its header, the others are its values.
fn npy(lines: &[String]) -> Vec<u8> {
    let (header, values) = lines.split_first().unwrap();
    let header = format!("{header}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.bytes());
    for value in values.iter().flat_map(|line| line.split_whitespace()) {
        bytes.extend(match () {
            () if header.contains("'<f8'") => value.parse::<f64>().unwrap().to_le_bytes().to_vec(),
            () if header.contains("'<i8'") => value.parse::<i64>().unwrap().to_le_bytes().to_vec(),
            () if header.contains("'|u1'") => vec![value.parse().unwrap()],
            () if header.contains("'<U2'") => {
                let letters = value.chars().map(u32::from).chain([0, 0]).take(2);
                letters.flat_map(u32::to_le_bytes).collect()
            }
            () => value.parse::<f32>().unwrap().to_le_bytes().to_vec(),
        });
    }
    bytes
}

/// An IDX file of bytes: the first line has the type and the sizes, the others have the values.
fn idx(lines: &[String]) -> Vec<u8> {
    let (header, values) = lines.split_first().unwrap();
    let mut header = header.split_whitespace();
    let code = u8::from_str_radix(header.next().unwrap(), 16).unwrap();
    let sizes: Vec<u32> = header.map(|size| size.parse().unwrap()).collect();
    let mut bytes = vec![0, 0, code, sizes.len() as u8];
    bytes.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
    let values = values.iter().flat_map(|line| line.split_whitespace());
    bytes.extend(values.map(|value| value.parse::<u8>().unwrap()));
    bytes
}

/// A safetensors file of this header, with zeros for its tensors.
fn safetensors(header: &str) -> Vec<u8> {
    let ends = header.split("\"data_offsets\":[").skip(1);
    let ends = ends.map(|rest| {
        let end = rest.split([',', ']']).nth(1).unwrap();
        end.trim().parse::<usize>().unwrap()
    });
    let data = ends.max().unwrap_or_default();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.bytes());
    bytes.extend(vec![0; data]);
    bytes
}

/// A picture in the format of its ending: `gray 3 2` is one of 3 × 2 pixels.
fn image(name: &str, lines: &[String]) -> Vec<u8> {
    let words: Vec<&str> = lines[0].split_whitespace().collect();
    let [kind, width, height] = words[..] else {
        panic!("{name}: KIND WIDTH HEIGHT")
    };
    let (width, height) = (width.parse().unwrap(), height.parse().unwrap());
    let picture = match kind {
        "gray" => image::DynamicImage::new_luma8(width, height),
        "gray16" => image::DynamicImage::new_luma16(width, height),
        "float" => image::DynamicImage::new_rgb32f(width, height),
        _ => image::DynamicImage::new_rgb8(width, height),
    };
    let format = image::ImageFormat::from_path(name).unwrap();
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}
