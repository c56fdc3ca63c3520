"""Lints many structures with pkilint in one process.

Reads lines `FILE KIND` from standard input, KIND as rootrite's `lint` has it, and writes for each a line of JSON:
the file and its findings of severity WARNING or above, each `SEVERITY code`.
"""

import contextlib
import io
import json
import sys

from pkilint import finding_filter, loader, pkix
from pkilint.cabf import cabf_crl, serverauth
from pkilint.cabf.serverauth.serverauth_constants import CertificateType
from pkilint.pkix import certificate, crl, extension, name, ocsp
from pkilint.validation import ValidationFindingSeverity

TYPES = {
    "root": "ROOT-CA",
    "subordinate": "INTERNAL-UNCONSTRAINED-TLS-CA",
    "cross": "INTERNAL-CROSS-CA",
    "technically-constrained": "NON-TLS-CA",
    "ocsp-responder": "OCSP-RESPONDER",
}


def certificates(kind):
    wanted = CertificateType.from_option_str(TYPES[kind])
    validator = certificate.create_pkix_certificate_validator_container(
        serverauth.create_decoding_validators(), serverauth.create_validators(wanted)
    )
    filters = serverauth.create_serverauth_finding_filters(wanted)

    def lint(octets):
        document = loader.RFC5280CertificateDocumentLoader().load_der_document(octets, "")
        return finding_filter.filter_results(filters, validator.validate(document.root))[0]

    return lint


def crls():
    kind = crl.CertificateRevocationListType.ARL
    validator = crl.create_pkix_crl_validator_container(
        [
            pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
            pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
        ],
        [
            crl.create_issuer_validator_container([]),
            crl.create_validity_validator_container([cabf_crl.create_validity_period_validator(kind)]),
            crl.create_extensions_validator_container([]),
            cabf_crl.CabfCrlReasonCodeAllowlistValidator(kind),
        ],
    )

    def lint(octets):
        document = loader.RFC5280CertificateListDocumentLoader().load_der_document(octets, "")
        return validator.validate(document.root)

    return lint


def responses():
    validator = ocsp.create_pkix_ocsp_response_validator_container(
        [
            ocsp.create_response_decoder(),
            pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
            pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
        ],
        [],
    )

    def lint(octets):
        document = loader.RFC6960OCSPResponseDocumentLoader().load_der_document(octets, "")
        return validator.validate(document.root)

    return lint


def main():
    linters = {kind: certificates(kind) for kind in TYPES}
    linters.update({"crl": crls(), "ocsp-response": responses()})
    for line in sys.stdin:
        file, kind = line.split()
        with open(file, "rb") as opened:
            octets = opened.read()
        try:
            # What it says while it reads is no finding.
            with contextlib.redirect_stdout(io.StringIO()):
                results = list(linters[kind](octets))
            findings = sorted(
                {
                    f"{one.finding.severity.name} {one.finding.code}"
                    for result in results
                    for one in result.finding_descriptions
                    if one.finding.severity <= ValidationFindingSeverity.WARNING
                }
            )
        except ValueError:
            findings = ["FATAL it cannot be read"]
        # What it is made of can also panic, which is no Exception: a linter that stops has not agreed.
        except BaseException as error:
            findings = [f"FATAL it stops: {type(error).__name__}"]
        print(json.dumps({"file": file, "findings": findings}), flush=True)


main()
