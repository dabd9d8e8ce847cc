//! Messages as bytes, by their descriptors.

use crate::status;
use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use schemas::Problem;
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

/// Reads one message and writes any.
#[derive(Clone, Debug)]
pub struct ByDescriptor(pub MessageDescriptor);

impl Codec for ByDescriptor {
    type Encode = DynamicMessage;
    type Decode = DynamicMessage;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        self.clone()
    }

    fn decoder(&mut self) -> Self {
        self.clone()
    }
}

impl Encoder for ByDescriptor {
    type Item = DynamicMessage;
    type Error = Status;

    fn encode(&mut self, message: DynamicMessage, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        message.encode(buffer).map_err(|error| {
            tracing::error!(%error, "an answer can't be written");
            status::of(&Problem::new(500, "internal_error", "Something went wrong here. It has been logged."))
        })
    }
}

impl Decoder for ByDescriptor {
    type Item = DynamicMessage;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<DynamicMessage>, Status> {
        let message = DynamicMessage::decode(self.0.clone(), buffer);
        let unread = |error| status::of(&Problem::field("", format!("the message is no {}: {error}", self.0.full_name())));
        message.map(Some).map_err(unread)
    }
}
