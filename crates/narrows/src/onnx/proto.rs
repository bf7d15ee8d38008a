//! The messages of an ONNX file that an export needs, with the field numbers of `onnx.proto` of ONNX IR version 7.
//! Fields for which ONNX distinguishes a default from an absent value are optional.

/// `TensorProto.DataType`
pub(crate) const FLOAT: i32 = 1;
/// `TensorProto.DataType`
pub(crate) const INT64: i32 = 7;
/// `TensorProto.DataType`
pub(crate) const DOUBLE: i32 = 11;

/// Messages; prost encodes them if the export is compiled in.
macro_rules! messages {
    ($(
        $(#[doc = $about:literal])*
        $visibility:vis struct $name:ident {
            $(
                $(#[doc = $of_field:literal])*
                #[prost($($tag:tt)*)]
                $of:vis $field:ident: $type:ty,
            )*
        }
    )*) => { $(
        $(#[doc = $about])*
        #[cfg_attr(feature = "onnx", derive(Clone, PartialEq, prost::Message))]
        #[cfg_attr(not(feature = "onnx"), derive(Clone, Debug, Default, PartialEq))]
        $visibility struct $name {
            $(
                $(#[doc = $of_field])*
                #[cfg_attr(feature = "onnx", prost($($tag)*))]
                $of $field: $type,
            )*
        }
    )* };
}

messages! {
    pub(crate) struct Model {
        #[prost(int64, optional, tag = "1")]
        pub(crate) ir_version: Option<i64>,
        #[prost(string, optional, tag = "2")]
        pub(crate) producer_name: Option<String>,
        #[prost(string, optional, tag = "3")]
        pub(crate) producer_version: Option<String>,
        #[prost(string, optional, tag = "6")]
        pub(crate) doc_string: Option<String>,
        #[prost(message, optional, tag = "7")]
        pub(crate) graph: Option<Graph>,
        #[prost(message, repeated, tag = "8")]
        pub(crate) opset_import: Vec<OperatorSet>,
        #[prost(message, repeated, tag = "14")]
        pub(crate) metadata_props: Vec<Entry>,
    }

    pub(crate) struct OperatorSet {
        /// Empty for ONNX's own operators.
        #[prost(string, optional, tag = "1")]
        pub(crate) domain: Option<String>,
        #[prost(int64, optional, tag = "2")]
        pub(crate) version: Option<i64>,
    }

    pub(crate) struct Entry {
        #[prost(string, optional, tag = "1")]
        pub(crate) key: Option<String>,
        #[prost(string, optional, tag = "2")]
        pub(crate) value: Option<String>,
    }

    pub(crate) struct Graph {
        #[prost(message, repeated, tag = "1")]
        pub(crate) node: Vec<Node>,
        #[prost(string, optional, tag = "2")]
        pub(crate) name: Option<String>,
        #[prost(message, repeated, tag = "5")]
        pub(crate) initializer: Vec<Tensor>,
        #[prost(message, repeated, tag = "11")]
        pub(crate) input: Vec<ValueInfo>,
        #[prost(message, repeated, tag = "12")]
        pub(crate) output: Vec<ValueInfo>,
    }

    pub(crate) struct Node {
        #[prost(string, repeated, tag = "1")]
        pub(crate) input: Vec<String>,
        #[prost(string, repeated, tag = "2")]
        pub(crate) output: Vec<String>,
        #[prost(string, optional, tag = "3")]
        pub(crate) name: Option<String>,
        #[prost(string, optional, tag = "4")]
        pub(crate) op_type: Option<String>,
        #[prost(message, repeated, tag = "5")]
        pub(crate) attribute: Vec<Attribute>,
    }

    /// An attribute of a node.
    pub struct Attribute {
        #[prost(string, optional, tag = "1")]
        pub(crate) name: Option<String>,
        #[prost(float, optional, tag = "2")]
        pub(crate) f: Option<f32>,
        #[prost(int64, optional, tag = "3")]
        pub(crate) i: Option<i64>,
        #[prost(int64, repeated, packed = "false", tag = "8")]
        pub(crate) ints: Vec<i64>,
        /// `AttributeProto.AttributeType`: which of the fields holds the value.
        #[prost(int32, optional, tag = "20")]
        pub(crate) kind: Option<i32>,
    }

    pub(crate) struct Tensor {
        #[prost(int64, repeated, packed = "false", tag = "1")]
        pub(crate) dims: Vec<i64>,
        #[prost(int32, optional, tag = "2")]
        pub(crate) data_type: Option<i32>,
        #[prost(string, optional, tag = "8")]
        pub(crate) name: Option<String>,
        /// Little-endian, row by row.
        #[prost(bytes = "vec", optional, tag = "9")]
        pub(crate) raw_data: Option<Vec<u8>>,
    }

    pub(crate) struct ValueInfo {
        #[prost(string, optional, tag = "1")]
        pub(crate) name: Option<String>,
        #[prost(message, optional, tag = "2")]
        pub(crate) of: Option<Type>,
    }

    pub(crate) struct Type {
        #[prost(message, optional, tag = "1")]
        pub(crate) tensor: Option<TensorType>,
    }

    pub(crate) struct TensorType {
        #[prost(int32, optional, tag = "1")]
        pub(crate) element: Option<i32>,
        #[prost(message, optional, tag = "2")]
        pub(crate) shape: Option<Shape>,
    }

    pub(crate) struct Shape {
        #[prost(message, repeated, tag = "1")]
        pub(crate) dim: Vec<Dimension>,
    }

    /// One of the two is set.
    pub(crate) struct Dimension {
        #[prost(int64, optional, tag = "1")]
        pub(crate) size: Option<i64>,
        #[prost(string, optional, tag = "2")]
        pub(crate) name: Option<String>,
    }
}

impl Attribute {
    /// An attribute that is a number.
    pub fn float(name: &str, value: f32) -> Attribute {
        Attribute {
            name: Some(name.into()),
            f: Some(value),
            kind: Some(1),
            ..Attribute::default()
        }
    }

    /// An attribute that is a whole number.
    pub fn int(name: &str, value: i64) -> Attribute {
        Attribute {
            name: Some(name.into()),
            i: Some(value),
            kind: Some(2),
            ..Attribute::default()
        }
    }

    /// An attribute that is a list of whole numbers.
    pub fn ints(name: &str, values: &[usize]) -> Attribute {
        Attribute {
            name: Some(name.into()),
            ints: values.iter().map(|&value| value as i64).collect(),
            kind: Some(7),
            ..Attribute::default()
        }
    }
}
