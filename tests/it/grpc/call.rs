//! A client of gRPC that needs no stubs: messages by their descriptors.

use grpc::codec::ByDescriptor;
use grpc::methods::Method;
use prost_reflect::DynamicMessage;
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// Where calls go.
#[derive(Clone)]
pub(crate) struct Calls(Channel);

impl Calls {
    pub(crate) fn to(address: &str) -> anyhow::Result<Self> {
        Ok(Self(Endpoint::from_shared(format!("http://{address}"))?.connect_lazy()))
    }

    /// The answer of a method.
    pub(crate) async fn ask(
        &self,
        method: &Method,
        message: DynamicMessage,
        metadata: &[(&'static str, String)],
    ) -> Result<tonic::Response<DynamicMessage>, Status> {
        let mut client = tonic::client::Grpc::new(self.0.clone());
        client.ready().await.map_err(|error| Status::unknown(error.to_string()))?;
        let mut sent = MetadataMap::new();
        for (name, value) in metadata {
            sent.append(*name, value.parse().map_err(|_| Status::unknown("a value that is none"))?);
        }
        let request = tonic::Request::from_parts(sent, Default::default(), message);
        let path = format!("/{}", method.name).parse().map_err(|_| Status::unknown("a path that is none"))?;
        client.unary(request, path, ByDescriptor(method.output.clone())).await
    }
}

/// The code of an outcome, and its reason.
pub(crate) fn outcome<T>(answer: &Result<T, Status>) -> (Code, String) {
    match answer {
        Ok(_) => (Code::Ok, String::new()),
        Err(status) => (status.code(), status.get_details_error_info().map(|info| info.reason).unwrap_or_default()),
    }
}
