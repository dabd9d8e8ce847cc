//! The trace that a request belongs to (W3C Trace Context, version 00).
//!
//! In: the `traceparent` of a request, or random bytes where it has none. Out: the `traceparent` that the
//! request's command, answer and logs carry. Nothing here draws a random number.

/// A trace, and our part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext {
    traceparent: String,
}

impl TraceContext {
    /// Our part of the caller's trace; none if the header is not a valid `traceparent`.
    pub fn of_caller(header: &str, span: [u8; 8]) -> Option<Self> {
        let version = header.get(..2).filter(|version| *version != "ff")?;
        // A later version may append fields after a dash; version 00 has none.
        let (whole, rest) = header.split_at_checked(55)?;
        if !(rest.is_empty() || version != "00" && rest.starts_with('-')) {
            return None;
        }
        let trace = crate::event::trace_id(whole);
        let (parent, flags) = (whole.get(36..52)?, whole.get(53..)?);
        let zeros = |text: &str| text.bytes().all(|byte| byte == b'0');
        (!trace.is_empty() && !zeros(trace) && !zeros(parent)).then(|| Self::new(trace, span, flags))
    }

    /// A trace that begins here. It is sampled: a payment's trace is a question that people do ask.
    pub fn begin(trace: [u8; 16], span: [u8; 8]) -> Self {
        Self::new(&hex(&trace), span, "01")
    }

    /// The header as it travels on.
    pub fn traceparent(&self) -> &str {
        &self.traceparent
    }

    /// The 32 hexadecimal digits of the trace.
    pub fn trace_id(&self) -> &str {
        crate::event::trace_id(&self.traceparent)
    }

    fn new(trace: &str, span: [u8; 8], flags: &str) -> Self {
        Self { traceparent: format!("00-{trace}-{}-{flags}", hex(&span)) }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn a_callers_trace_goes_on_under_a_span_of_ours() {
        let cases = [
            (format!("00-{TRACE}-00f067aa0ba902b7-01"), true),
            (format!("00-{TRACE}-00f067aa0ba902b7-00"), true),
            (format!("01-{TRACE}-00f067aa0ba902b7-01"), true),
            (format!("01-{TRACE}-00f067aa0ba902b7-01-more"), true),
            (format!("00-{TRACE}-00f067aa0ba902b7-01-more"), false),
            (format!("01-{TRACE}-00f067aa0ba902b7-01more"), false),
            (format!("ff-{TRACE}-00f067aa0ba902b7-01"), false),
            (format!("00-{TRACE}-0000000000000000-01"), false),
            (format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)), false),
            (format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()), false),
            (format!("00-{TRACE}-00f067aa0ba902b7-1"), false),
            (format!("00-{TRACE}-00f067aa0ba902b7"), false),
            ("é".repeat(28), false),
            (String::new(), false),
        ];
        for (header, valid) in cases {
            let ours = TraceContext::of_caller(&header, [0xab; 8]);
            assert_eq!(ours.is_some(), valid, "{header}");
            if let Some(ours) = ours {
                assert_eq!(ours.trace_id(), TRACE);
                assert_eq!(ours.traceparent(), format!("00-{TRACE}-abababababababab-{}", &header[53..55]));
            }
        }
    }

    #[test]
    fn a_trace_that_begins_here_is_a_valid_one() {
        let ours = TraceContext::begin([0x0f; 16], [1; 8]);
        assert_eq!(ours.traceparent(), "00-0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f-0101010101010101-01");
        assert_eq!(TraceContext::of_caller(ours.traceparent(), [1; 8]), Some(ours));
    }
}
