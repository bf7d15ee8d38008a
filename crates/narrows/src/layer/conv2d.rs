//! Two-dimensional convolution, as PyTorch's `Conv2d`, over rows of `[channels, height, width]`.

use super::conv::{Conv, Window};
use super::dense::BIAS;
use super::spec::MAX_WIDTH;
use super::{LayerPart, LayerSpec, OpenWidth};
use crate::declaration::{Declaration, Key, Kind, Part, Preset, Settings};
use crate::error::{Error, ErrorKind, Result};
use crate::onnx::{Attribute, Graph, Place};
use crate::program::{Builder, Var};

/// A convolution.
#[derive(Debug)]
pub struct Conv2d;

/// The largest kernel, stride and padding: it protects against typing errors; the code has no such limit.
pub(super) const MAX_KERNEL: i64 = 1024;

const FROM_1: Kind = Kind::Pair {
    least: 1,
    most: MAX_KERNEL,
};

const FROM_0: Kind = Kind::Pair {
    least: 0,
    most: MAX_KERNEL,
};

pub(super) const CHANNELS: Key = Key::new(
    "channels",
    Kind::Whole {
        least: 1,
        most: MAX_WIDTH,
    },
    "the number of channels of the output",
)
.default(Preset::Open(
    "for the decoder's last dense or convolution layer the channels of the data; else required",
));

pub(super) const KERNEL: Key = Key::new("kernel", FROM_1, "the size of the kernel");

pub(super) const STRIDE: Key = Key::new(
    "stride",
    FROM_1,
    "the distance between two positions of the kernel",
)
.default(Preset::Whole(1));

const PADDING: Key =
    Key::new("padding", FROM_0, "zeros on each side of the input").default(Preset::Whole(0));

pub(super) const LOST: Key = Key::new(
    "padding",
    FROM_0,
    "the rows and columns that each side of the output loses",
)
.default(Preset::Whole(0));

pub(super) const OUTPUT_PADDING: Key = Key::new(
    "output_padding",
    FROM_0,
    "the rows and columns that the output gains at the bottom and right, fewer than `stride`",
)
.default(Preset::Whole(0));

/// The width of a layer that may take its channels from the data.
pub(super) const OPEN_CHANNELS: OpenWidth = OpenWidth {
    key: &CHANNELS,
    of_data: |data| match data {
        &[channels, _, _] => Ok(channels),
        _ => Err(Error::new(
            ErrorKind::Recipe,
            "the channels do not follow from the data, which have none",
        )
        .expected("`channels`, or data of shape [channels, height, width]")
        .found(format!("data of shape {data:?}"))),
    },
};

/// Kernel, stride and padding of a convolution or transposed convolution.
pub(super) fn window(settings: &Settings) -> Window {
    Window {
        kernel: settings.get(&KERNEL),
        stride: settings.get(&STRIDE),
        padding: settings.get(&PADDING),
    }
}

/// The attributes of the ONNX node of a convolution or transposed convolution.
pub(super) fn attributes(settings: &Settings) -> [Attribute; 3] {
    let Window {
        kernel,
        stride,
        padding: [height, width],
    } = window(settings);
    [
        Attribute::ints("kernel_shape", &kernel),
        Attribute::ints("strides", &stride),
        // At the top and left, then at the bottom and right.
        Attribute::ints("pads", &[height, width, height, width]),
    ]
}

impl Part for Conv2d {
    fn declaration(&self) -> &Declaration {
        const {
            &Declaration::new("conv2d", "convolution of [channels, height, width]")
                .keys(&[CHANNELS, KERNEL, STRIDE, PADDING, BIAS])
        }
    }
}

impl LayerPart for Conv2d {
    fn has_parameters(&self) -> bool {
        true
    }

    fn open_width(&self) -> Option<OpenWidth> {
        Some(OPEN_CHANNELS)
    }

    fn build(
        &self,
        settings: &Settings,
        builder: &mut Builder,
        x: Var,
        data: &[usize],
    ) -> Result<Var> {
        let channels = OPEN_CHANNELS.of(settings, data)?;
        let (shape, bias) = (builder.shape(x), settings.get(&BIAS));
        Conv::new(shape, channels, window(settings), bias)?.build(builder, x)
    }

    fn nodes(&self, settings: &Settings, graph: &mut Graph, place: Place<'_>) -> String {
        let inputs = place.with_parameters(place.input, settings.get(&BIAS));
        graph.node("Conv", &inputs, &attributes(settings), place.name)
    }
}

/// A convolution to `channels` channels, with a kernel of `[height, width]`, stride 1, no padding, and a bias. `None`
/// means the channels of the data, and is allowed only in the decoder's last dense or convolution layer.
pub fn conv2d(channels: impl Into<Option<usize>>, kernel: [usize; 2]) -> LayerSpec {
    let channels = channels.into().map(Into::into);
    let kernel = Some(kernel.into());
    LayerSpec::unchecked(&Conv2d, &[(&CHANNELS, channels), (&KERNEL, kernel)])
}
