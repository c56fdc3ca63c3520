//! Both sides of every rule of the profile.

use super::*;

fn code(text: &str) -> Option<Code> {
    parse(text.as_bytes(), &Limits::RECORD).err().map(|fault| fault.code)
}

#[test]
fn canonical_text_is_taken() {
    for text in [
        r#"{"a":1,"b":[true,false,"x",{}],"c":-9007199254740991}"#,
        r#"{"a":"quote \" backslash \\ slash / ü 😀"}"#,
        "[]",
        "0",
        r#""x""#,
        r#"{"a0_":9007199254740991}"#,
    ] {
        let value = parse(text.as_bytes(), &Limits::RECORD).unwrap();
        assert_eq!(value.to_canonical(), text);
    }
}

#[test]
fn what_is_not_json_is_e121() {
    for text in [
        "",
        "{",
        "}",
        "[1,]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "01",
        "-",
        "1.",
        "1e",
        "+1",
        ".5",
        "tru",
        "nul",
        "\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"a\nb\"",
        "1 2",
        "{} {}",
        "'a'",
        "[1 2]",
        "NaN",
        "\"\\ud83d\\uzzzz\"",
    ] {
        assert_eq!(code(text), Some(Code::E121), "{text}");
    }
    assert_eq!(parse(b"\"\xff\"", &Limits::RECORD).unwrap_err().code, Code::E121);
}

#[test]
fn a_key_twice_is_e122() {
    assert_eq!(code(r#"{"a":1,"a":1}"#), Some(Code::E122));
    assert_eq!(code(r#"{"a":1,"b":2,"\u0061":3}"#), Some(Code::E122));
}

#[test]
fn floats_null_and_large_integers_are_e123() {
    for text in ["1.0", "1e3", "-0.5", "null", "[null]", "9007199254740992", "-9007199254740992", "1E400"] {
        assert_eq!(code(text), Some(Code::E123), "{text}");
    }
}

#[test]
fn another_form_of_the_same_value_is_e124() {
    for text in [
        " {}",
        "{} ",
        "{ }",
        r#"{"a": 1}"#,
        r#"{"b":1,"a":2}"#,
        r#""\u0061""#,
        r#""\/""#,
        "-0",
        "[1, 2]",
        r#""\ud83d\ude00""#,
    ] {
        assert_eq!(code(text), Some(Code::E124), "{text}");
    }
}

#[test]
fn limits_and_forbidden_characters_are_e128() {
    for text in [
        r#"{"A":1}"#,
        r#"{"":1}"#,
        r#"{"1a":1}"#,
        r#"{"_a":1}"#,
        r#"{"a-b":1}"#,
        r#"{"ü":1}"#,
        r#""\n""#,
        r#""\t""#,
        r#""\u0000""#,
        r#""\u202e""#,
        "\"\u{202e}\"",
        "\"\u{200b}\"",
        "\"\u{85}\"",
        "\"\u{7f}\"",
        "\"\u{feff}\"",
        r#""\ud800""#,
        r#""\ud800\u0061""#,
        r#""\udc00""#,
        "[[[[[[[]]]]]]]",
    ] {
        assert_eq!(code(text), Some(Code::E128), "{text}");
    }
    assert_eq!(code("[[[[[[]]]]]]"), None);
}

#[test]
fn plain_octets_are_told_in_every_place() {
    for octet in 0..=u8::MAX {
        let plain = matches!(octet, 0x20..=0x7e) && octet != b'"' && octet != b'\\';
        assert_eq!(all_plain([octet; 8]), plain, "{octet:#04x}");
        for place in 0..8 {
            let mut octets = *b"a0 }~[!#";
            octets[place] = octet;
            assert_eq!(all_plain(octets), plain, "{octet:#04x} at {place}");
        }
    }
}

#[test]
fn a_line_has_at_most_16384_octets() {
    let line = |length: usize| format!("\"{}\"", "a".repeat(length - 2));
    assert_eq!(code(&line(16_384)), None);
    assert_eq!(code(&line(16_385)), Some(Code::E128));
}

#[test]
fn depth_is_bounded_before_the_stack_is() {
    assert_eq!(code(&"[".repeat(16_000)), Some(Code::E128));
}

#[test]
fn not_json_comes_first_and_not_canonical_last() {
    assert_eq!(code(r#"{"a":null,"a":1"#), Some(Code::E121));
    assert_eq!(code(r#"{ "a":null}"#), Some(Code::E123));
    assert_eq!(code(r#"{"b":"\u0001","a":null}"#), Some(Code::E128));
}

proptest::proptest! {
    #[test]
    fn what_is_taken_is_its_own_canonical_form(text in r#"[\[\]{}",:\\untrefals01\-. ü]{0,40}"#) {
        if let Ok(value) = parse(text.as_bytes(), &Limits::FILE) {
            assert_eq!(value.to_canonical(), text);
        }
    }

    #[test]
    fn any_octets_are_read_without_a_panic(octets in proptest::collection::vec(proptest::num::u8::ANY, 0..64)) {
        let _ = parse(&octets, &Limits::RECORD);
    }
}
