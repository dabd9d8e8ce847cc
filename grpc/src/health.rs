//! `grpc.health.v1`: whether the server can serve, as `GET /readyz` says it.
//!
//! In: the routes, and when the server stops. Out: SERVING where `/readyz` answers 200, else NOT_SERVING, of the server as a whole and
//! of each of its services, which are the same. A watcher hears of every change within a second, and is let go when the server stops.

use crate::door::SERVICES;
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::Health;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tower::ServiceExt;

const EVERY: Duration = Duration::from_secs(1);

/// What asks `/readyz`.
pub(crate) struct Ready {
    pub(crate) routes: Router,
    pub(crate) stopping: watch::Receiver<bool>,
}

/// An empty name is the server's.
fn is_known(service: &str) -> bool {
    service.is_empty() || SERVICES.contains(&service)
}

/// What `/readyz` says now.
async fn now(routes: Router) -> ServingStatus {
    let request = Request::get("/readyz").body(Body::empty()).expect("a path and nothing else");
    match routes.oneshot(request).await {
        Ok(response) if response.status().is_success() => ServingStatus::Serving,
        Ok(_) => ServingStatus::NotServing,
        Err(never) => match never {},
    }
}

fn answer(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}

#[tonic::async_trait]
impl Health for Ready {
    async fn check(&self, request: tonic::Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        if !is_known(&request.into_inner().service) {
            return Err(Status::not_found("No service has this name."));
        }
        Ok(Response::new(answer(now(self.routes.clone()).await)))
    }

    type WatchStream = ReceiverStream<Result<HealthCheckResponse, Status>>;

    async fn watch(&self, request: tonic::Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        // Whoever watches a service that is not there may watch it come.
        let known = is_known(&request.into_inner().service);
        let (routes, mut stopping) = (self.routes.clone(), self.stopping.clone());
        let (changes, watched) = mpsc::channel(1);
        tokio::spawn(async move {
            let mut ticks = interval(EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut last = None;
            loop {
                tokio::select! {
                    _ = ticks.tick() => {}
                    () = changes.closed() => return,
                    _ = stopping.wait_for(|stops| *stops) => return,
                }
                let status = if known { now(routes.clone()).await } else { ServingStatus::ServiceUnknown };
                // A watcher that has gone needs no word.
                if last.replace(status) != Some(status) && changes.send(Ok(answer(status))).await.is_err() {
                    return;
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(watched)))
    }
}
