//! `orion topics`: the topics and schemas that Orion needs.

use crate::config::Config;
use crate::exit::Exit;
use egress::registry::{COMPATIBILITY, Registry, RegistryError};
use egress::topics::{Applied, Topics};
use schemas::Topic;

/// `orion topics`.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Action {
    /// Create what is missing and set every setting again; register every schema.
    Apply,
    /// List every topic with its partitions and settings.
    List,
}

/// Does it.
pub async fn run(action: &Action, config: &Config) -> anyhow::Result<()> {
    let topics = Topics::committed();
    match action {
        Action::List => {
            for (topic, partitions, settings) in topics.all() {
                let settings: Vec<_> = settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
                println!("{topic:<36} {partitions:>2}  {}", settings.join(" "));
            }
        }
        Action::Apply => {
            let applied = egress::topics::apply(&config.kafka.brokers, &topics).await?;
            let created = applied.iter().filter(|(_, applied)| *applied == Applied::Created).count();
            let registry = Registry::new(&config.registry.url);
            let registered =
                registry.register(Topic::ALL).await.map_err(refused)?.len() + registry.register_views().await.map_err(refused)?.len();
            println!("topics: {created} created, {} were there", applied.len() - created);
            println!("schemas: {registered} registered, {COMPATIBILITY}");
        }
    }
    Ok(())
}

fn refused(error: RegistryError) -> anyhow::Error {
    if matches!(error, RegistryError::Unreachable { .. }) { Exit::unavailable(error).into() } else { error.into() }
}
