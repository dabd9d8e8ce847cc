//! Customers and how far their identity is known.

use crate::id::CustomerId;
use crate::word::words;

words! {
    /// Where identity verification stands.
    pub enum KycStatus {
        /// Not verified yet.
        Pending = "pending",
        /// Identity established.
        Verified = "verified",
        /// Identity could not be established.
        Rejected = "rejected",
    }
}

words! {
    /// How far the identity of a customer is known, in the terms of the FATF; limits and tariffs go by it.
    pub enum KycLevel {
        /// Nothing is known yet.
        Unidentified = "unidentified",
        /// Simplified due diligence.
        Simplified = "simplified",
        /// Customer due diligence.
        Standard = "standard",
        /// Enhanced due diligence.
        Enhanced = "enhanced",
    }
}

/// A customer as created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// Minted by settlement.
    pub id: CustomerId,
    /// As on the identity document; 1 to 140 characters.
    pub full_name: String,
    /// Mobile number in E.164 form, `+` and 7 to 15 digits.
    pub msisdn: Option<String>,
    /// ISO 3166-1 alpha-2 country of residence.
    pub country: Option<String>,
    /// Always pending at creation.
    pub kyc_status: KycStatus,
}
