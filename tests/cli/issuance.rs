//! Where a subordinate's key comes from, what a CRL lists, and what programs that we did not write say of it.

use std::fs;

use rcgen::{CertificateParams, DistinguishedName, DnType, DnValue, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{
    BorrowedCertRevocationList, CertRevocationList, EndEntityCert, KeyUsage, RevocationCheckDepth,
    RevocationOptionsBuilder, UnknownStatusPolicy, anchor_from_trusted_cert,
};

use crate::common::{Ended, sha256, tool};
use crate::table::{SCRIPT, Table, window};

/// A TLS client's view of a leaf that the online CA signs with the key whose request came to the ceremony.
#[test]
fn a_leaf_under_our_subordinate_is_good_until_the_next_ceremony_revokes_it() {
    let ceremony = Ceremony::conduct(false);
    assert_eq!(ceremony.judged("out/crls/before.crl"), Ok(()));
    let _ = ceremony.revoke(&ceremony.e1()).with(0);
    assert_eq!(ceremony.judged("next/crls/after.crl"), Err(webpki::Error::CertRevoked));
    for (crl, code) in [("out/crls/before", 0), ("next/crls/after", 2)] {
        let arguments = format!(
            "verify -x509_strict -crl_check -CRLfile {crl}.crl.pem -CAfile out/certificates/root-x1.pem out/certificates/e1.pem"
        );
        let Some(ended) = ceremony.openssl(&arguments) else { return };
        let _ = ended.with(code);
    }
    let number = ceremony.openssl("crl -in next/crls/after.crl.pem -noout -crlnumber").unwrap().with(0).out;
    assert_eq!(number, "crlNumber=0x02\n", "the log knows the numbers of the ceremony before");
}

/// Within a ceremony the certificates are known, from one ceremony to the next how many there are.
#[test]
fn what_is_revoked_stays_on_the_list() {
    let ceremony = Ceremony::conduct(true);
    let ended = ceremony.revoke("none").with(2);
    let said =
        "the CRL lists 0 revoked certificates, and the last one of `root-x1` listed 2; wanted all of them";
    assert!(ended.error.contains(said), "{}", ended.error);
    let ended = ceremony.revoke(&ceremony.e1()).with(2);
    assert!(
        ended
            .error
            .contains("the CRL lists 1 revoked certificates, and the last one of `root-x1` listed 2; "),
        "{}",
        ended.error
    );
    // Nothing was written, so the log goes on.
    let _ = ceremony.revoke("{csv: list}").with(0);
}

#[test]
fn what_is_made_in_a_ceremony_is_not_revoked_in_it() {
    let table = Table::without_tokens();
    let revoked = "{certificates: [{certificate: e1, revoked-at: 2026-11-01T00:00:00Z, reason: superseded}]}";
    table.change("script.yaml", "revoked: none", &format!("revoked: {revoked}"));
    let ended = table.run_and_change_nothing("check script.yaml").with(2);
    assert!(
        ended.error.contains(
            ": certificate `e1` is made in this ceremony; what is revoked at once need not be made\n"
        ),
        "{}",
        ended.error
    );
}

/// A certificate that nobody answers for is unknown to relying parties the moment they see it.
#[test]
fn responses_leave_out_no_new_certificate() {
    let first = SCRIPT.split_once("      - generate-key: {token: root, key: e1").unwrap().1;
    let (first, _) = first.split_once("      - issue-crl").unwrap();
    let first = format!("      - generate-key: {{token: root, key: e1{first}");
    let second = first.replace("key: e1", "key: e2").replace("{CN: E1}", "{CN: E2}");
    let second = second.replace("certificate: e1", "certificate: e2");
    let responder = "      - generate-key: {token: root, key: ocsp, algorithm: ecdsa-p256, backup: none}\n      - issue-ocsp-responder: \
                     {issuer: root-x1, key: ocsp, profile: ocsp-responder, subject: [{C: US}, {O: Example Trust Services}, {CN: \
                     OCSP}], not-before: ceremony-day, lasts: 365 days, certificate: ocsp}\n";
    for (certificates, is_last, left_out) in [
        ("[e1, e2]", true, None),
        ("[e1]", true, Some("e2")),
        ("[e2]", true, Some("e1")),
        ("[e1]", false, Some("e2")),
    ] {
        let responses = format!(
            "{responder}      - issue-ocsp-responses: {{issuer: root-x1, responder: ocsp, certificates: {certificates}, this-update: \
             ceremony-day, lasts: 300 days, responses: r}}\n"
        );
        let steps = if is_last { format!("{second}{responses}") } else { format!("{responses}{second}") };
        let table = Table::without_tokens();
        let script = SCRIPT.replace(&first, &format!("{first}{steps}"));
        table.write("script.yaml", script.replace("next-due: 2027-09-01T00:00:00Z, ", ""));
        let ended =
            table.run_and_change_nothing("check script.yaml").with(if left_out.is_some() { 2 } else { 0 });
        if let Some(name) = left_out {
            let said = format!(
                "`{name}` is made here under `root-x1`, and no OCSP response of this ceremony is about it"
            );
            assert!(
                ended.error.contains(&said) && ended.error.matches("error: ").count() == 1,
                "{}",
                ended.error
            );
        }
    }
}

#[test]
fn a_crl_lists_what_the_csv_says() {
    let ceremony = Ceremony::conduct(true);
    let text = |crl: &str| ceremony.openssl(&format!("crl -in out/crls/{crl}.crl.pem -noout -text"));
    let Some(before) = text("before") else { return };
    assert!(before.with(0).out.contains("No Revoked Certificates"));
    let listed = text("listed").unwrap().with(0).out;
    assert_eq!(listed.matches("Serial Number: ").count(), 2, "{listed}");
    for (serial, reason) in [("0ABC", "Cessation Of Operation"), ("0ABCD1", "Key Compromise")] {
        let entry = listed.split("Serial Number: ").find(|entry| entry.starts_with(serial)).expect(serial);
        assert!(entry.contains(reason), "{entry}");
    }
}

#[test]
fn each_subordinate_has_the_key_that_was_given() {
    let ceremony = Ceremony::conduct(true);
    for name in ["e1", "r1", "s1"] {
        let arguments = format!(
            "verify -x509_strict -check_ss_sig -CAfile out/certificates/root-x1.pem out/certificates/{name}.pem"
        );
        let Some(ended) = ceremony.openssl(&arguments) else { return };
        let _ = ended.with(0);
    }
    let public = |name: &str| {
        ceremony.openssl(&format!("x509 -in out/certificates/{name}.pem -noout -pubkey")).unwrap().out
    };
    assert_eq!(public("r1"), ceremony.table.read("r1.pub.pem"));
    assert_eq!(public("e1").replace('\n', ""), ceremony.key.public_key_pem().replace(['\n', '\r'], ""));
    assert!(public("s1") != public("root-x1"));
}

/// Of a request nothing but the key is taken: the script says the rest.
#[test]
fn what_a_request_asks_for_is_not_what_it_gets() {
    let ceremony = Ceremony::conduct(true);
    let Some(ended) = ceremony.openssl("x509 -in out/certificates/e1.pem -noout -text -nameopt RFC2253")
    else {
        return;
    };
    let text = ended.with(0).out;
    assert!(text.contains("Subject: CN=E1,O=Example Trust Services,C=US"), "{text}");
    assert!(!text.contains("wanted.example.org") && !text.contains("Somebody"), "{text}");
}

/// One ceremony: a root; subordinates from a request, from a public key and from a key of the token; two CRLs.
struct Ceremony {
    table: Table,
    /// The key of `e1`, which is not the ceremony's.
    key: KeyPair,
}

impl Ceremony {
    /// With a second CRL that lists what a file says, or without.
    fn conduct(csv: bool) -> Self {
        let table = Table::for_answers().now();
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let mut wanted = CertificateParams::new(vec!["wanted.example.org".to_owned()]).unwrap();
        wanted.distinguished_name.push(DnType::CommonName, "Somebody");
        table.write("e1.csr.pem", wanted.serialize_request(&key).unwrap().pem().unwrap());
        rsa_public_key(&table);
        let yesterday = first_second_of_the_window(&table);
        table.write(
            "list.csv",
            format!("serial,revoked-at,reason\n0abc,{yesterday},cessation-of-operation\n0abcd1,{yesterday},key-compromise\n"),
        );
        let script = table.read("script.yaml");
        let (before, _) = script.split_once("  - act: Subordinate CA\n").unwrap();
        let before = before.replace("\nacts:\n", &format!("\n{}acts:\n", inputs(&table)));
        let (_, after) = SCRIPT.split_once("  - act: Closing\n").unwrap();
        let after = after.replace("next-due: 2027-09-01T00:00:00Z, ", "");
        let step = |source: &str, name: &str| {
            format!(
                "      - issue-subordinate:\n          issuer: root-x1\n          {source}\n          profile: tls-subordinate-ca\n          \
                 subject: [{{C: US}}, {{O: Example Trust Services}}, {{CN: {}}}]\n          not-before: ceremony-day\n          \
                 lasts: 1095 days\n          crl-url: http://x1.c.example.org/\n          issuer-url: http://x1.i.example.org/\n          \
                 certificate: {name}\n",
                name.to_uppercase()
            )
        };
        let crl = |revoked: &str, name: &str| {
            format!(
                "      - issue-crl: {{issuer: root-x1, number: next, this-update: signing-time, lasts: 364 days, revoked: {revoked}, crl: \
                 {name}}}\n"
            )
        };
        let middle = [
            "  - act: Subordinate CAs\n    steps:\n".to_owned(),
            step("request: e1-request", "e1"),
            step("public-key: r1-key", "r1"),
            "      - generate-key: {token: root, key: s1, algorithm: ecdsa-p256, backup: none}\n".to_owned(),
            step("key: s1", "s1"),
            crl("none", "before"),
            if csv { crl("{csv: list}", "listed") } else { String::new() },
        ];
        table.write("script.yaml", format!("{before}{}  - act: Closing\n{after}", middle.concat()));
        let _ = table
            .run("run script.yaml --site site.yaml --log log --out out --practice --answers answers.yaml")
            .with(0);
        Self { table, key }
    }

    /// The next ceremony, which continues the log: a CRL that lists `e1`.
    fn revoke(&self, revoked: &str) -> Ended {
        let script = self.table.read("script.yaml");
        let (head, _) = script.split_once("\ninputs:\n").unwrap();
        let head = head.replace("ceremony: test-ceremony", "ceremony: next-ceremony");
        // No root before today: nothing may be signed as if there had been one.
        let head = head.replace(&window(1), &window(0));
        let input = |name: &str| {
            let file = format!("out/certificates/{name}.pem");
            format!("  {name}: {{file: {file}, sha256: {}}}\n", sha256(self.table.read(&file).as_bytes()))
        };
        let list = format!(
            "  list: {{file: list.csv, sha256: {}}}\n",
            sha256(self.table.read("list.csv").as_bytes())
        );
        let inputs = [input("root-x1"), input("e1"), list].concat();
        let next = format!(
            "{head}\ninputs:\n{inputs}acts:\n  - act: Opening\n    steps:\n      - roll-call: {{}}\n      - confirm-clock: {{sources: 1}}\n      - confirm-log: {{}}\n      \
             - issue-crl: {{issuer: root-x1, number: next, this-update: signing-time, lasts: 364 days, revoked: {revoked}, crl: after}}\n  \
             - act: Closing\n    steps:\n      - witness: {{}}\n      - seal: {{next-purpose: yearly CRL}}\n"
        );
        self.table.write("next.yaml", next);
        self.table
            .run("run next.yaml --site site.yaml --log log --out next --practice --answers answers.yaml")
    }

    /// `e1` on a list, from the beginning of the window on.
    fn e1(&self) -> String {
        let at = first_second_of_the_window(&self.table);
        format!("{{certificates: [{{certificate: e1, revoked-at: {at}, reason: superseded}}]}}")
    }

    fn der(&self, name: &str) -> CertificateDer<'static> {
        let pem = self.table.read(&format!("out/certificates/{name}.pem"));
        let blocks = rootrite::pki::pem::read(pem.as_bytes()).unwrap();
        CertificateDer::from(blocks[0].octets.clone())
    }

    /// A TLS server's certificate by the key of `e1`, made by another program's code.
    fn leaf(&self) -> CertificateDer<'static> {
        let mut issuer = CertificateParams::new(Vec::new()).unwrap();
        issuer.is_ca = IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
        issuer.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let mut name = DistinguishedName::new();
        for (kind, text) in [
            (DnType::CountryName, "US"),
            (DnType::OrganizationName, "Example Trust Services"),
            (DnType::CommonName, "E1"),
        ] {
            name.push(kind, DnValue::PrintableString(text.try_into().unwrap()));
        }
        issuer.distinguished_name = name;
        let mut leaf = CertificateParams::new(vec!["www.example.org".to_owned()]).unwrap();
        leaf.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
        let leaf = leaf.signed_by(&KeyPair::generate().unwrap(), &Issuer::new(issuer, &self.key)).unwrap();
        leaf.der().clone()
    }

    /// What rustls-webpki says of the leaf, its issuer and our root, with one of our CRLs.
    fn judged(&self, crl: &str) -> Result<(), webpki::Error> {
        let (root, e1, leaf) = (self.der("root-x1"), self.der("e1"), self.leaf());
        let anchor = [anchor_from_trusted_cert(&root).unwrap()];
        let crl = fs::read(self.table.path(crl)).unwrap();
        let crl = CertRevocationList::from(BorrowedCertRevocationList::from_der(&crl)?);
        let crls = [&crl];
        // The leaf's own status is in its issuer's CRL, which is the online CA's.
        let revocation = RevocationOptionsBuilder::new(&crls)
            .unwrap()
            .with_depth(RevocationCheckDepth::Chain)
            .with_status_policy(UnknownStatusPolicy::Allow)
            .build();
        let leaf = EndEntityCert::try_from(&leaf)?;
        let time = UnixTime::now();
        let algorithms = webpki::ALL_VERIFICATION_ALGS;
        leaf.verify_for_usage(
            algorithms,
            &anchor,
            &[e1],
            time,
            KeyUsage::server_auth(),
            Some(revocation),
            None,
        )?;
        Ok(())
    }

    fn openssl(&self, arguments: &str) -> Option<Ended> {
        tool("openssl", self.table.folder(), arguments.split(' '))
    }
}

fn rsa_public_key(table: &Table) {
    let commands = [
        "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out r1.key.pem",
        "pkey -in r1.key.pem -pubout -out r1.pub.pem",
    ];
    for arguments in commands {
        let ended = tool("openssl", table.folder(), arguments.split(' ')).expect("openssl is needed");
        let _ = ended.with(0);
    }
}

fn inputs(table: &Table) -> String {
    let input = |name: &str, file: &str| {
        format!("  {name}: {{file: {file}, sha256: {}}}\n", sha256(table.read(file).as_bytes()))
    };
    format!(
        "inputs:\n{}{}{}",
        input("e1-request", "e1.csr.pem"),
        input("r1-key", "r1.pub.pem"),
        input("list", "list.csv")
    )
}

fn first_second_of_the_window(table: &Table) -> String {
    let script = table.read("script.yaml");
    script.split("window: {from: ").nth(1).unwrap()[..20].to_owned()
}
