//! The schema registry, through its Confluent-compatible API.
//!
//! In: the committed schemas. Out: the ids under which records are written. The hot path never asks it.

use reqwest::{RequestBuilder, Response};
use schemas::Topic;
use schemas::wire::{audit, schema_json, view};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// Compatibility of every subject: new readers read all that was ever written.
pub const COMPATIBILITY: &str = "BACKWARD_TRANSITIVE";

/// How long an answer may take, at each attempt. No payment waits for one, and a registry that has just started on a busy machine takes its
/// time; one was also seen to wait without an end for the body of a request, all of which it had.
const PATIENCE: &[Duration] = &[Duration::from_secs(10), Duration::from_secs(20), Duration::from_secs(30)];

/// What the registry can answer.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// It did not answer.
    #[error("the schema registry at {url} does not answer")]
    Unreachable {
        /// Its address.
        url: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The schema is not registered.
    #[error("the schema of {0} is not registered; run `orion topics apply`")]
    NotRegistered(String),
    /// The registry refuses the schema.
    #[error("the schema of {subject} is not compatible with what was registered before: {reason}")]
    Incompatible {
        /// The subject.
        subject: String,
        /// What the registry said.
        reason: String,
    },
    /// Something else.
    #[error("the schema registry refuses {subject} with status {status}: {reason}")]
    Refused {
        /// The subject.
        subject: String,
        /// HTTP status.
        status: u16,
        /// What the registry said.
        reason: String,
    },
}

/// A Confluent-compatible schema registry.
#[derive(Clone, Debug)]
pub struct Registry {
    url: String,
    client: reqwest::Client,
    patience: &'static [Duration],
}

#[derive(Serialize)]
struct SchemaBody {
    schema: &'static str,
}

#[derive(Deserialize)]
struct IdBody {
    id: u32,
}

#[derive(Deserialize)]
struct SchemaText {
    schema: String,
}

#[derive(Serialize)]
struct CompatibilityBody {
    compatibility: &'static str,
}

impl Registry {
    /// A registry at the base of its API, such as `http://127.0.0.1:8081`.
    pub fn new(url: &str) -> Self {
        Self::patient(url, PATIENCE)
    }

    fn patient(url: &str, patience: &'static [Duration]) -> Self {
        Self { url: url.trim_end_matches('/').to_owned(), client: reqwest::Client::new(), patience }
    }

    /// Registers the committed schema of every topic, each under [`COMPATIBILITY`]; gives the ids.
    pub async fn register(&self, topics: &[Topic]) -> Result<BTreeMap<Topic, u32>, RegistryError> {
        let mut ids = BTreeMap::new();
        for topic in topics {
            ids.insert(*topic, self.register_one(topic.subject(), schema_json(*topic)).await?);
        }
        Ok(ids)
    }

    /// The same for the topics of the views, and of the roots of the audit chain.
    pub async fn register_views(&self) -> Result<BTreeMap<&'static str, u32>, RegistryError> {
        let mut ids = BTreeMap::new();
        for (topic, schema) in view::topics().chain([(audit::TOPIC, audit::SCHEMA)]) {
            ids.insert(topic, self.register_one(format!("{topic}-value"), schema).await?);
        }
        Ok(ids)
    }

    async fn register_one(&self, subject: String, schema: &'static str) -> Result<u32, RegistryError> {
        let config = format!("{}/config/{subject}", self.url);
        let body = CompatibilityBody { compatibility: COMPATIBILITY };
        let answer = self.ask(self.client.put(config).json(&body)).await;
        self.read::<serde_json::Value>(&subject, answer).await?;
        let versions = format!("{}/subjects/{subject}/versions", self.url);
        let answer = self.ask(self.client.post(versions).json(&SchemaBody { schema })).await;
        Ok(self.read::<IdBody>(&subject, answer).await?.id)
    }

    /// The ids of the committed schemas, which must be registered.
    pub async fn ids(&self, topics: &[Topic]) -> Result<BTreeMap<Topic, u32>, RegistryError> {
        let mut ids = BTreeMap::new();
        for topic in topics {
            ids.insert(*topic, self.id(topic.subject(), schema_json(*topic)).await?);
        }
        Ok(ids)
    }

    /// The same of the topics of the views.
    pub async fn ids_of_views(&self) -> Result<BTreeMap<&'static str, u32>, RegistryError> {
        let mut ids = BTreeMap::new();
        for (topic, schema) in view::topics() {
            ids.insert(topic, self.id(format!("{topic}-value"), schema).await?);
        }
        Ok(ids)
    }

    /// The same of the topic of roots.
    pub async fn id_of_roots(&self) -> Result<u32, RegistryError> {
        self.id(format!("{}-value", audit::TOPIC), audit::SCHEMA).await
    }

    async fn id(&self, subject: String, schema: &'static str) -> Result<u32, RegistryError> {
        let lookup = format!("{}/subjects/{subject}", self.url);
        let answer = self.ask(self.client.post(lookup).json(&SchemaBody { schema })).await;
        match self.read::<IdBody>(&subject, answer).await {
            Ok(found) => Ok(found.id),
            Err(RegistryError::Refused { subject, status: 404, .. }) => Err(RegistryError::NotRegistered(subject)),
            Err(error) => Err(error),
        }
    }

    /// The schema of an id, as JSON.
    pub async fn schema(&self, id: u32) -> Result<String, RegistryError> {
        let answer = self.ask(self.client.get(format!("{}/schemas/ids/{id}", self.url))).await;
        Ok(self.read::<SchemaText>(&format!("schema id {id}"), answer).await?.schema)
    }

    /// Asks, and once more where no answer comes in time: all that is asked here may be asked twice.
    async fn ask(&self, request: RequestBuilder) -> Result<Response, reqwest::Error> {
        let mut patience = self.patience.iter().peekable();
        loop {
            let timeout = patience.next().copied().unwrap_or_default();
            let attempt = request.try_clone().expect("a body that lies in memory").timeout(timeout);
            match attempt.send().await {
                Err(error) if error.is_timeout() && patience.peek().is_some() => {}
                answer => return answer,
            }
        }
    }

    async fn read<T: serde::de::DeserializeOwned>(
        &self,
        subject: &str,
        answer: Result<Response, reqwest::Error>,
    ) -> Result<T, RegistryError> {
        let unreachable = |source| RegistryError::Unreachable { url: self.url.clone(), source };
        let answer = answer.map_err(unreachable)?;
        let status = answer.status().as_u16();
        if answer.status().is_success() {
            return answer.json().await.map_err(unreachable);
        }
        let subject = subject.to_owned();
        let reason: String = answer.text().await.unwrap_or_default().chars().take(500).collect();
        match status {
            409 => Err(RegistryError::Incompatible { subject, reason }),
            _ => Err(RegistryError::Refused { subject, status, reason }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};

    /// A registry that says nothing to the first so many requests, whose connections it keeps.
    async fn silent(requests: usize, patience: &'static [Duration]) -> Result<String, RegistryError> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let registry = std::thread::spawn(move || {
            let asked = |mut stream: TcpStream| {
                let read = stream.read(&mut [0; 1024]).unwrap();
                assert!(read > 0);
                stream
            };
            let kept: Vec<TcpStream> = listener.incoming().take(requests).map(|stream| asked(stream.unwrap())).collect();
            if requests < patience.len() {
                let mut stream = asked(listener.accept().unwrap().0);
                let answer = "HTTP/1.1 200 OK\r\ncontent-length: 17\r\nconnection: close\r\n\r\n{\"schema\":\"true\"}";
                stream.write_all(answer.as_bytes()).unwrap();
            }
            kept.len()
        });
        let said = Registry::patient(&url, patience).schema(7).await;
        assert_eq!(registry.join().unwrap(), requests);
        said
    }

    #[tokio::test]
    async fn a_registry_that_says_nothing_is_asked_again() {
        const PATIENT: &[Duration] = &[Duration::from_millis(50), Duration::from_secs(60)];
        const BRIEF: &[Duration] = &[Duration::from_millis(50); 2];
        assert_eq!(silent(1, PATIENT).await.unwrap(), "true");
        let said = silent(2, BRIEF).await;
        assert!(matches!(said, Err(RegistryError::Unreachable { .. })), "{said:?}");
    }
}
