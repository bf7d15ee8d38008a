//! Converts an image to a row: drawn over black, oriented, resized, and converted to a number of channels.

use super::picture::{Alpha, Depth, Picture, PixelValues};
use crate::data::Fit;
use image::metadata::Orientation;

/// The common form of all images.
#[derive(Clone, Copy, Debug)]
pub(super) struct ImagePlan {
    pub(super) size: (u32, u32),
    pub(super) fit: Fit,
    pub(super) is_color: bool,
    pub(super) depth: Depth,
}

/// An image as a row `[channels, height, width]`.
pub(super) struct ImageRow {
    pub(super) values: PixelValues,
    /// Whether some of it was transparent.
    pub(super) was_transparent: bool,
}

pub(super) fn row(picture: &Picture, plan: &ImagePlan) -> ImageRow {
    let (values, was_transparent) = match &picture.values {
        PixelValues::Eight(values) => {
            let (planes, was_transparent) = planes(picture, values, plan);
            let values = match plan.depth {
                Depth::Eight => PixelValues::Eight(planes),
                // 255 becomes 65535.
                Depth::Sixteen => {
                    PixelValues::Sixteen(planes.iter().map(|&byte| u16::from(byte) * 257).collect())
                }
                Depth::Float => {
                    PixelValues::Float(planes.iter().map(|&byte| byte.into()).collect())
                }
                Depth::Double => {
                    PixelValues::Double(planes.iter().map(|&byte| byte.into()).collect())
                }
            };
            (values, was_transparent)
        }
        PixelValues::Sixteen(values) => {
            let (planes, was_transparent) = planes(picture, values, plan);
            let values = match plan.depth {
                // 65535 becomes 255.
                Depth::Eight => {
                    let byte = |&value: &u16| ((u32::from(value) + 128) / 257) as u8;
                    PixelValues::Eight(planes.iter().map(byte).collect())
                }
                _ => PixelValues::Sixteen(planes),
            };
            (values, was_transparent)
        }
        PixelValues::Float(values) => {
            let (planes, was_transparent) = planes(picture, values, plan);
            let values = match plan.depth {
                Depth::Double => {
                    PixelValues::Double(planes.iter().map(|&value| value.into()).collect())
                }
                _ => PixelValues::Float(planes),
            };
            (values, was_transparent)
        }
        PixelValues::Double(values) => {
            let (planes, was_transparent) = planes(picture, values, plan);
            (PixelValues::Double(planes), was_transparent)
        }
    };
    ImageRow {
        values,
        was_transparent,
    }
}

/// A type of pixel values.
trait PixelType: Copy + Default + PartialOrd + Into<f64> {
    /// The value of alpha for an opaque pixel.
    const OPAQUE: Self;
    /// The nearest one.
    fn nearest(value: f32) -> Self;
    /// A value drawn over black.
    fn laid(self, alpha: Self) -> Self;
    /// The gray of a color, by ITU-R 601.
    fn gray(color: [Self; 3]) -> Self;
}

/// The weights of red, green and blue in 1/65536.
const GRAY: [u64; 3] = [19595, 38470, 7471];

fn gray_of([red, green, blue]: [u64; 3]) -> u64 {
    (red * GRAY[0] + green * GRAY[1] + blue * GRAY[2] + 0x8000) >> 16
}

impl PixelType for u8 {
    const OPAQUE: u8 = u8::MAX;
    fn nearest(value: f32) -> u8 {
        value.round().clamp(0.0, 255.0) as u8
    }
    fn laid(self, alpha: u8) -> u8 {
        ((u16::from(self) * u16::from(alpha) + 127) / 255) as u8
    }
    fn gray(color: [u8; 3]) -> u8 {
        gray_of(color.map(u64::from)) as u8
    }
}

impl PixelType for u16 {
    const OPAQUE: u16 = u16::MAX;
    fn nearest(value: f32) -> u16 {
        value.round().clamp(0.0, 65535.0) as u16
    }
    fn laid(self, alpha: u16) -> u16 {
        ((u32::from(self) * u32::from(alpha) + 32767) / 65535) as u16
    }
    fn gray(color: [u16; 3]) -> u16 {
        gray_of(color.map(u64::from)) as u16
    }
}

impl PixelType for f32 {
    const OPAQUE: f32 = 1.0;
    fn nearest(value: f32) -> f32 {
        value
    }
    fn laid(self, alpha: f32) -> f32 {
        self * alpha
    }
    fn gray([red, green, blue]: [f32; 3]) -> f32 {
        0.299 * red + 0.587 * green + 0.114 * blue
    }
}

impl PixelType for f64 {
    const OPAQUE: f64 = 1.0;
    fn nearest(value: f32) -> f64 {
        value.into()
    }
    fn laid(self, alpha: f64) -> f64 {
        self * alpha
    }
    fn gray([red, green, blue]: [f64; 3]) -> f64 {
        0.299 * red + 0.587 * green + 0.114 * blue
    }
}

/// The channels of a picture in the form of the plan, one after the other, and whether it was transparent somewhere.
fn planes<T: PixelType>(picture: &Picture, values: &[T], plan: &ImagePlan) -> (Vec<T>, bool) {
    let stride = picture.stride.max(1);
    let channel = |place: usize| laid_channel(values, stride, place, picture.alpha);
    let channels: Vec<Vec<T>> = match (picture.is_color, plan.is_color) {
        (false, _) => vec![channel(0)],
        (true, true) => vec![channel(0), channel(1), channel(2)],
        (true, false) => {
            let colors = channel(0).into_iter().zip(channel(1)).zip(channel(2));
            vec![
                colors
                    .map(|((red, green), blue)| T::gray([red, green, blue]))
                    .collect(),
            ]
        }
    };
    let was_transparent = picture.alpha.is_some_and(|alpha| {
        let mut alphas = values.iter().skip(alpha.place).step_by(stride);
        alphas.any(|&alpha| alpha < T::OPAQUE)
    });
    let mut planes = Vec::new();
    for channel in channels {
        let (channel, width, height) = turned(channel, picture);
        planes.extend(fitted(channel, (width, height), plan));
    }
    if plan.is_color && !picture.is_color {
        let gray = planes.clone();
        planes.extend_from_slice(&gray);
        planes.extend(gray);
    }
    (planes, was_transparent)
}

fn laid_channel<T: PixelType>(
    values: &[T],
    stride: usize,
    place: usize,
    alpha: Option<Alpha>,
) -> Vec<T> {
    let of_channel = values.iter().skip(place).step_by(stride).copied();
    match alpha {
        Some(Alpha {
            place,
            is_multiplied: false,
        }) => {
            let alphas = values.iter().skip(place).step_by(stride);
            of_channel
                .zip(alphas)
                .map(|(value, &alpha)| value.laid(alpha))
                .collect()
        }
        _ => of_channel.collect(),
    }
}

/// A channel after the orientation is applied, with its width and its height.
fn turned<T: Copy>(channel: Vec<T>, picture: &Picture) -> (Vec<T>, usize, usize) {
    let (width, height) = (picture.width, picture.height);
    let (right, bottom) = (width.saturating_sub(1), height.saturating_sub(1));
    let turn = |across: usize, down: usize, from: &dyn Fn(usize, usize) -> (usize, usize)| {
        let places = (0..down).flat_map(|y| (0..across).map(move |x| (x, y)));
        let value = |(x, y)| {
            let (x, y) = from(x, y);
            channel.get(y * width + x).copied()
        };
        (places.filter_map(value).collect(), across, down)
    };
    match picture.orientation {
        Orientation::NoTransforms => (channel, width, height),
        Orientation::FlipHorizontal => turn(width, height, &|x, y| (right - x, y)),
        Orientation::FlipVertical => turn(width, height, &|x, y| (x, bottom - y)),
        Orientation::Rotate180 => turn(width, height, &|x, y| (right - x, bottom - y)),
        Orientation::Rotate90 => turn(height, width, &|x, y| (y, bottom - x)),
        Orientation::Rotate270 => turn(height, width, &|x, y| (right - y, x)),
        Orientation::Rotate90FlipH => turn(height, width, &|x, y| (y, x)),
        Orientation::Rotate270FlipH => turn(height, width, &|x, y| (right - y, bottom - x)),
    }
}

/// A channel at the size of the plan.
fn fitted<T: PixelType>(
    channel: Vec<T>,
    (width, height): (usize, usize),
    plan: &ImagePlan,
) -> Vec<T> {
    let (across, down) = (plan.size.0 as usize, plan.size.1 as usize);
    if (width, height) == (across, down) {
        return channel;
    }
    let (w, h) = (width as f32, height as f32);
    let scale = (across as f32 / w, down as f32 / h);
    match plan.fit {
        Fit::Squeeze => resized(&channel, width, ((0.0, w), across), ((0.0, h), down)),
        Fit::Crop => {
            let scale = scale.0.max(scale.1);
            // The part that is kept, in the middle.
            let kept = |length: f32, wanted: usize| {
                let span = (wanted as f32 / scale).min(length);
                let start = (length - span) / 2.0;
                (start, start + span)
            };
            let (x, y) = (kept(w, across), kept(h, down));
            resized(&channel, width, (x, across), (y, down))
        }
        Fit::Pad => {
            let scale = scale.0.min(scale.1);
            let inner =
                |length: f32, most: usize| ((length * scale).round() as usize).clamp(1, most);
            let (inner_across, inner_down) = (inner(w, across), inner(h, down));
            let inner = resized(
                &channel,
                width,
                ((0.0, w), inner_across),
                ((0.0, h), inner_down),
            );
            let mut padded = vec![T::default(); across * down];
            let (left, top) = ((across - inner_across) / 2, (down - inner_down) / 2);
            let rows = padded.chunks_exact_mut(across).skip(top);
            for (row, inner) in rows.zip(inner.chunks_exact(inner_across)) {
                if let Some(row) = row.get_mut(left..left + inner_across) {
                    row.copy_from_slice(inner);
                }
            }
            padded
        }
    }
}

/// A range along one side of an image, and the number of pixels that it becomes.
type Side = ((f32, f32), usize);

/// Resizes a part of a channel, with a triangle filter as wide as a new pixel. The values are the same as with `resize`
/// of the `image` crate, which does not support floating-point values outside of 0 to 1.
fn resized<T: PixelType>(channel: &[T], width: usize, across: Side, down: Side) -> Vec<T> {
    let height = channel.len() / width.max(1);
    let mut narrow = Vec::with_capacity(down.1 * across.1);
    let columns = weights(across, width);
    let mut line = vec![0.0_f32; width];
    for (first, weights) in weights(down, height) {
        line.fill(0.0);
        for (row, weight) in channel.chunks_exact(width.max(1)).skip(first).zip(weights) {
            for (sum, &value) in line.iter_mut().zip(row) {
                let value: f64 = value.into();
                *sum += value as f32 * weight;
            }
        }
        narrow.extend(columns.iter().map(|(first, weights)| {
            let sum = |sum, (value, weight): (&f32, &f32)| sum + value * weight;
            T::nearest(line.iter().skip(*first).zip(weights).fold(0.0, sum))
        }));
    }
    narrow
}

/// For each new pixel, the first old pixel that contributes, and the weights of it and the following ones.
fn weights(((start, end), count): Side, length: usize) -> Vec<(usize, Vec<f32>)> {
    let ratio = (end - start) / count as f32;
    let reach = ratio.max(1.0);
    let of = |new: usize| {
        let center = start + (new as f32 + 0.5) * ratio;
        let last = length.saturating_sub(1);
        let first = ((center - reach).floor().max(0.0) as usize).min(last);
        let behind =
            ((center + reach).ceil().max(0.0) as usize).clamp(first + 1, length.max(first + 1));
        let weight = |old: usize| {
            let distance = (old as f32 - (center - 0.5)) / reach;
            (1.0 - distance.abs()).max(0.0)
        };
        let mut weights: Vec<f32> = (first..behind).map(weight).collect();
        let sum: f32 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= sum);
        (first, weights)
    };
    (0..count).map(of).collect()
}
