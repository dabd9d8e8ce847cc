//! The methods, open.
//!
//! In: the routes of REST as they answer in this process, with whoever may pass, how long it may take and what a panic ends. Out: the
//! methods, health and reflection, as routes of HTTP/2. An outer layer has put the trace of the call (`schemas::TraceContext`) into its
//! extensions.

use crate::codec::ByDescriptor;
use crate::health::Ready;
use crate::methods::{Method, methods};
use crate::{DESCRIPTORS, answer, deadline, request, status};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::{any_service, post};
use prost_reflect::DynamicMessage;
use schemas::{Problem, TraceContext};
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::watch;
use tonic::server::{Grpc, UnaryService};
use tonic::{Code, Status};
use tonic_health::pb::health_server::HealthServer;
use tower::ServiceExt;

/// Our services.
pub const SERVICES: &[&str] = &["orion.v1.Bank", "orion.v1.Views"];

/// Largest message of a call; what it becomes as JSON has the bounds of REST.
const MESSAGE_MAX_BYTES: usize = 4 << 20;

/// Every method of ours, health and reflection. Whoever watches the health is let go once the server stops.
pub fn router(routes: Router, stopping: watch::Receiver<bool>) -> Router {
    let mut router = Router::new();
    for method in methods() {
        let path = format!("/{}", method.name);
        let (routes, method) = (routes.clone(), Arc::new(method));
        router = router.route(&path, post(move |request| call(routes.clone(), Arc::clone(&method), request)));
    }
    let health = HealthServer::new(Ready { routes, stopping });
    let described = || {
        let builder = tonic_reflection::server::Builder::configure();
        builder
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let reflection = described().build_v1().expect("the descriptors were compiled with this program");
    // Many clients know only the name that it had before.
    let reflection_before = described().build_v1alpha().expect("the descriptors were compiled with this program");
    router
        .route("/grpc.health.v1.Health/Check", any_service(health.clone()))
        .route("/grpc.health.v1.Health/Watch", any_service(health))
        .route("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", any_service(reflection))
        .route("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", any_service(reflection_before))
        .fallback(async || Status::unimplemented("No method has this name; reflection lists them all.").into_http::<Body>())
}

/// A panic ends its own call.
pub fn panicked() -> Response {
    status::of(&answer::internal_error()).into_http()
}

/// The canonical code of an answer that has begun, as Prometheus may have it for a label. What begins well has ended well, but for streams.
pub fn code(response: &Response) -> &'static str {
    name(response.headers().get("grpc-status").map_or(Code::Ok, |value| Code::from_bytes(value.as_bytes())))
}

/// The canonical name of a code.
pub const fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// One call, from bytes to bytes.
async fn call(routes: Router, method: Arc<Method>, request: Request) -> Response {
    let codec = ByDescriptor(method.input.clone());
    let mut grpc = Grpc::new(codec).max_decoding_message_size(MESSAGE_MAX_BYTES);
    let trace = request.extensions().get::<TraceContext>().cloned();
    let response = grpc.unary(Call { routes, method }, request).await.map(Body::new);
    // What is too large is refused before it is a message, and by another code than the one that is canonical.
    match trace {
        Some(trace) if code(&response) == "OUT_OF_RANGE" => {
            let problem = Problem::new(413, "body_too_large", "The message is larger than this server takes.");
            answer::refused(problem, &trace).into_http()
        }
        _ => response,
    }
}

struct Call {
    routes: Router,
    method: Arc<Method>,
}

impl UnaryService<DynamicMessage> for Call {
    type Response = DynamicMessage;
    type Future = Pin<Box<dyn Future<Output = Result<tonic::Response<DynamicMessage>, Status>> + Send>>;

    fn call(&mut self, request: tonic::Request<DynamicMessage>) -> Self::Future {
        let (routes, method) = (self.routes.clone(), Arc::clone(&self.method));
        Box::pin(async move {
            let (metadata, extensions, message) = request.into_parts();
            let metadata = metadata.into_headers();
            let trace = extensions.get::<TraceContext>().cloned().ok_or_else(|| {
                tracing::error!("the gRPC door stands without its outer layer");
                status::of(&answer::internal_error())
            })?;
            let refuse = |problem: Problem| answer::refused(problem, &trace);
            let deadline = deadline::deadline(&metadata).map_err(refuse)?;
            let mut request = request::request(&method, &message, &metadata).map_err(refuse)?;
            request.extensions_mut().insert(trace.clone());
            let Some(limit) = deadline else { return answered(routes, &method, request, &trace).await };
            request.extensions_mut().insert(deadline::patience(limit));
            let in_time = tokio::time::timeout(limit, answered(routes, &method, request, &trace)).await;
            in_time.unwrap_or_else(|_| Err(refuse(deadline::exceeded())))
        })
    }
}

async fn answered(
    routes: Router,
    method: &Method,
    request: Request,
    trace: &TraceContext,
) -> Result<tonic::Response<DynamicMessage>, Status> {
    match routes.oneshot(request).await {
        Ok(response) => answer::answer(method, response, trace).await,
        Err(never) => match never {},
    }
}

#[cfg(test)]
mod tests;
