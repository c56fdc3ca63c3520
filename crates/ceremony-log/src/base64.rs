//! RFC 4648 §4 base64 with padding, in its one canonical form.

use base64ct::{Base64, Encoding as _};

use crate::code::{Code, Fault};

/// Writes octets.
pub fn encode(octets: &[u8]) -> String {
    Base64::encode_string(octets)
}

/// Reads octets. `what` names them in the message.
///
/// # Errors
///
/// E104 unless `text` is what [`encode`] writes.
pub fn decode(text: &str, what: &str) -> Result<Vec<u8>, Fault> {
    // base64ct takes no other form: padding and the bits behind the end must be right.
    Base64::decode_vec(text).map_err(|_| Fault::new(Code::E104, format!("{what} is not canonical base64")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_form_is_read() {
        assert_eq!(decode("AQI=", "it").unwrap(), [1, 2]);
        assert_eq!(decode("", "it").unwrap(), [0; 0]);
        // No padding, bits that are set behind the end, white space, the URL alphabet, too much padding.
        for text in ["AQI", "AQJ=", "AQI=\n", " AQI=", "-_8=", "AQI==", "A", "=", "AQ=I"] {
            assert_eq!(decode(text, "it").unwrap_err().code, Code::E104, "{text:?}");
        }
    }
}
