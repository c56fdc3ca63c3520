//! The online side's own key: it is on the token that the pins name, signs, and cannot leave.

use rootrite::hsm::{KeyId, KeyRequest, Token as _};
use rootrite::pki::KeyAlgorithm;

use crate::common::softhsm;
use crate::online::{OnlineSide, bundle_of, codes, first};
use crate::table::USER;

#[test]
fn a_key_that_is_missing_or_another_or_may_leave_is_refused() {
    let table = first();
    let side = OnlineSide::of(&table);
    let bundle = bundle_of(&table);
    let pins = side.read("pins.yaml");
    let id = pins.split("id: ").nth(1).unwrap().split(',').next().unwrap().to_owned();
    let found = |id_now: &str| {
        side.write("pins.yaml", pins.replace(&id, id_now));
        let ended = side.import(&bundle, "--stage --person ann --key ann --format json");
        assert_eq!(ended.code, Some(5), "{}{}", ended.out, ended.error);
        codes(&ended)
    };
    assert_eq!(found("00ff"), ["E180"]);
    // Another key that may leave: neither its signature nor its attributes will do.
    let process = table.hsm.start();
    let mut session = softhsm::session(&process, "root", USER);
    let request = KeyRequest {
        label: "other".into(),
        id: KeyId::from_octets(&[0x0b; 16]).unwrap(),
        algorithm: KeyAlgorithm::EcdsaP384,
        extractable: true,
    };
    let _ = session.generate_key_pair(&request).unwrap();
    drop(session);
    process.stop().unwrap();
    assert_eq!(found(&"0b".repeat(16)), ["E181", "E182"]);
    side.write("pins.yaml", pins.replace("label: root,", "label: nowhere,"));
    let ended = side.import(&bundle, "").with(5);
    assert!(ended.error.contains("E180"), "{}", ended.error);
    side.write("pins.yaml", &pins);
    side.write("pin", "wrong-pin-1147\n");
    let ended = side.import(&bundle, "").with(5);
    assert!(
        ended.error.contains("E180") && ended.error.contains("nothing is tried again"),
        "{}",
        ended.error
    );
    assert!(
        !side.path("store").join("sets").exists()
            || side.store().iter().all(|(name, _)| !name.starts_with("sets/"))
    );
}
