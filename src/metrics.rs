//! Where a cell shows what it measures: Prometheus text over HTTP, on loopback, without a token.
//!
//! In: an address. Out: `GET /metrics`; anything else is a problem. Never: a cell that stops or waits for want of a
//! scrape. An address that is taken, as by the process before that is not quite dead, is asked for again until it is free.

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use schemas::Problem;
use schemas::problem::MEDIA_TYPE;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;

/// The path.
pub const PATH: &str = "/metrics";

const AGAIN: Duration = Duration::from_secs(1);

/// Serves in a thread of its own, for as long as the process runs; `say` is told the URL.
pub fn serve(listen: SocketAddr, say: impl FnOnce(&str) + Send + 'static) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let work = move || {
        runtime.block_on(async {
            let listener = bind(listen).await;
            match listener.local_addr() {
                Ok(address) => say(&format!("http://{address}{PATH}")),
                Err(error) => tracing::warn!(%error, "it is not known where the metrics are"),
            }
            if let Err(error) = axum::serve(listener, app()).await {
                tracing::error!(%error, "the metrics are served no more");
            }
        });
    };
    std::thread::Builder::new().name("metrics".to_owned()).spawn(work)?;
    Ok(())
}

async fn bind(listen: SocketAddr) -> TcpListener {
    let mut said = false;
    loop {
        match TcpListener::bind(listen).await {
            Ok(listener) => return listener,
            Err(error) => {
                if !said {
                    tracing::warn!(%listen, %error, "the metrics can't be served yet; trying again every second");
                }
                said = true;
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}

fn app() -> Router {
    Router::new()
        .route(PATH, get(show))
        .method_not_allowed_fallback(async || problem(Problem::new(405, "method_not_allowed", "This path takes only GET.")))
        .fallback(async || problem(Problem::new(404, "route_not_found", "Nothing is served here but GET /metrics.")))
}

async fn show() -> Response {
    match meters::text() {
        Ok(text) => ([(CONTENT_TYPE, meters::MEDIA_TYPE)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics can't be written");
            problem(Problem::new(500, "internal_error", "The metrics can't be written."))
        }
    }
}

/// A problem as an answer of a cell.
pub(crate) fn problem(problem: Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, Json(problem)).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    fn served(listen: SocketAddr) -> String {
        let (said, url) = channel();
        serve(listen, move |url| said.send(url.to_owned()).unwrap()).unwrap();
        url.recv_timeout(Duration::from_secs(20)).unwrap()
    }

    #[tokio::test]
    async fn the_text_is_there_and_nothing_else_is() {
        meters::begin("test", "1");
        let url = served(SocketAddr::from(([127, 0, 0, 1], 0)));
        let answer = reqwest::get(&url).await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers()["content-type"].to_str().unwrap()), (200, meters::MEDIA_TYPE));
        assert!(answer.text().await.unwrap().contains("orion_build_info{"));
        let client = reqwest::Client::new();
        for (request, status, code) in
            [(client.get(url.replace(PATH, "/")), 404, "route_not_found"), (client.post(&url), 405, "method_not_allowed")]
        {
            let answer = request.send().await.unwrap();
            assert_eq!((answer.status().as_u16(), answer.headers()["content-type"].to_str().unwrap()), (status, MEDIA_TYPE));
            let problem: Problem = answer.json().await.unwrap();
            assert_eq!((problem.status, problem.code.as_str()), (status, code));
        }
    }

    #[test]
    fn an_address_that_is_taken_is_waited_for() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let listen = taken.local_addr().unwrap();
        let (said, url) = channel();
        serve(listen, move |url| said.send(url.to_owned()).unwrap()).unwrap();
        assert!(url.recv_timeout(Duration::from_millis(300)).is_err(), "it is taken");
        drop(taken);
        assert_eq!(url.recv_timeout(Duration::from_secs(20)).unwrap(), format!("http://{listen}{PATH}"));
    }
}
