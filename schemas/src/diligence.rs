//! Customer due diligence, in the terms of the FATF: who customers say they are, and what people have to look at.
//!
//! In: what customers and staff ask. Out: what settlement says of it. Nothing here holds the number of a document: the door makes a
//! digest of it, and that alone travels.

/// Where customers live.
pub mod address;
/// What people have to look at.
pub mod case;
/// Who customers say they are.
pub mod kyc;

pub use address::{AddressSet, PostalAddress, SetAddress};
pub use case::{
    About, CaseChange, CaseChanged, CaseKind, CaseOperation, CaseOutcome, CasePolicy, CaseStatus, FourEyes, OpenCase, Opened, Work,
    WorkCase,
};
pub use kyc::{
    CustomerUpdated, DecideKyc, DocumentDigest, KycChange, KycChanged, KycDecision, KycSubStatus, Presented, Standing, SubmitDocument,
    UpdateCustomer,
};

use crate::money::Unreadable;

/// Most characters of a reason or a comment.
pub const NOTE_MAX: usize = 2_000;

/// Who does what time does.
pub const ORION: &str = "orion";

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Diligence {
    /// Change what is known of a customer.
    UpdateCustomer(UpdateCustomer),
    /// Present a document.
    SubmitDocument(SubmitDocument),
    /// Decide on who a customer is.
    DecideKyc(DecideKyc),
    /// Open a case.
    OpenCase(OpenCase),
    /// Work on a case.
    WorkCase(WorkCase),
    /// Say where a customer lives.
    SetAddress(SetAddress),
}

/// What became true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// Something else is known of a customer.
    Customer(CustomerUpdated),
    /// A customer stands otherwise, or presented a document.
    Kyc(KycChanged),
    /// Something happened to a case.
    Case(CaseChanged),
    /// A customer lives somewhere else.
    Address(AddressSet),
}

impl Diligence {
    /// The operation's name.
    pub const fn operation(&self) -> &'static str {
        match self {
            Self::UpdateCustomer(_) => "update_customer",
            Self::SubmitDocument(_) => "submit_document",
            Self::DecideKyc(_) => "decide_kyc",
            Self::OpenCase(_) => "open_case",
            Self::WorkCase(work) => work.work.operation(),
            Self::SetAddress(_) => "set_address",
        }
    }

    /// The first version of the rules that knows it.
    pub const fn since(&self) -> u32 {
        match self {
            Self::UpdateCustomer(_) | Self::SubmitDocument(_) | Self::DecideKyc(_) | Self::OpenCase(_) | Self::WorkCase(_) => 6,
            Self::SetAddress(_) => 7,
        }
    }

    /// Whether all of it has its form.
    pub fn check(&self) -> Result<(), Unreadable> {
        match self {
            Self::UpdateCustomer(update) => update.check(),
            Self::SubmitDocument(submit) => submit.document.check(),
            Self::DecideKyc(decide) => decide.check(),
            Self::OpenCase(open) => open.check(),
            Self::WorkCase(work) => work.check(),
            Self::SetAddress(set) => set.check(),
        }
    }

    /// Its fields as a fingerprint has them.
    pub(crate) fn fields(&self, field: impl FnMut(&str, &str)) {
        match self {
            Self::UpdateCustomer(update) => update.fields(field),
            Self::SubmitDocument(submit) => submit.fields(field),
            Self::DecideKyc(decide) => decide.fields(field),
            Self::OpenCase(open) => open.fields(field),
            Self::WorkCase(work) => work.fields(field),
            Self::SetAddress(set) => set.fields(field),
        }
    }
}

impl Told {
    /// The name of the operation that is answered by it.
    pub const fn operation(&self) -> &'static str {
        match self {
            Self::Customer(_) => "update_customer",
            Self::Kyc(_) => "submit_document",
            Self::Case(changed) => changed.operation(),
            Self::Address(_) => "set_address",
        }
    }

    /// Whether it is the answer for which the caller of its command waits.
    pub const fn answers(&self) -> bool {
        match self {
            Self::Customer(_) | Self::Address(_) => true,
            Self::Kyc(changed) => matches!(changed.change, KycChange::Submitted),
            Self::Case(changed) => !matches!(changed.operation, CaseOperation::Beside),
        }
    }

    /// The same, as it is told to who asks again: without what was there before.
    pub fn again(mut self) -> Self {
        if let Self::Case(changed) = &mut self {
            changed.previous = None;
            changed.opened.iter_mut().for_each(|opened| opened.due_at = None);
        }
        self
    }
}

/// Refuses what does not have its form.
fn expect(is_so: bool, what: &str, text: &str, form: &str) -> Result<(), Unreadable> {
    if is_so { Ok(()) } else { Err(Unreadable::new(what, text, form)) }
}

/// A reason or a comment.
fn note(what: &str, text: &str) -> Result<(), Unreadable> {
    expect(crate::command::is_line(text, NOTE_MAX), what, text, "1 to 2000 characters, none of them a control")
}
