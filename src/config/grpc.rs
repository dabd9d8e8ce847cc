//! Where gRPC is spoken.

use super::ConfigError;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// The gRPC server. How long a call may take, and how much may wait, are those of `[http]`: it asks the same routes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grpc {
    /// Address to listen on, or `off`.
    pub listen: String,
}

impl Grpc {
    /// The address; none if it is off.
    pub fn address(&self) -> Result<Option<SocketAddr>, ConfigError> {
        if self.listen == "off" {
            return Ok(None);
        }
        let wrong = |_| {
            ConfigError::of(&format!("grpc.listen is {:?}; it must be an address and a port, such as 127.0.0.1:8090, or off", self.listen))
        };
        self.listen.parse().map(Some).map_err(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_an_address_or_off() {
        let address = |listen: &str| Grpc { listen: listen.to_owned() }.address();
        assert_eq!(address("127.0.0.1:8090").unwrap(), Some(SocketAddr::from(([127, 0, 0, 1], 8090))));
        assert!(address("[::1]:0").unwrap().is_some());
        assert_eq!(address("off").unwrap(), None);
        for wrong in ["", "8090", "localhost:8090", "Off"] {
            let error = address(wrong).unwrap_err().to_string();
            assert!(error.contains("grpc.listen is") && error.contains("or off"), "{error}");
        }
    }
}
