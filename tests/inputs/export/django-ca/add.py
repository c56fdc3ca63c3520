# Adds the subordinate CAs whose keys are on the token, and the certificates above them without keys.
import json
from pathlib import Path

from cryptography import x509
from django_ca.models import CertificateAuthority


def add(name, pem, parent, **fields):
    """One row; one that is there already is left as it is."""
    certificate = x509.load_pem_x509_certificate(pem.encode())
    authority = CertificateAuthority(name=name, parent=parent, ocsp_key_backend_alias="default", **fields)
    authority.update_certificate(certificate)
    found = CertificateAuthority.objects.filter(serial=authority.serial).first()
    if found is not None:
        return found
    authority.full_clean(exclude=["parent"])
    authority.save()
    return authority


for row in json.loads(Path("/etc/ca/authorities.json").read_text()):
    parent = None
    for above, pem in reversed(list(enumerate(row["chain"], 1))):
        parent = add(f"{row['name']}-above-{above}", pem, parent, enabled=False, key_backend_alias="default", key_backend_options={})
    urls = {}
    if row["sign_crl_url"]:
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(row["sign_crl_url"])], None, None, None)
        urls["sign_crl_distribution_points"] = x509.Extension(
            x509.CRLDistributionPoints.oid, False, x509.CRLDistributionPoints([point])
        )
    add(
        row["name"],
        row["certificate"],
        parent,
        enabled=row["enabled"],
        acme_enabled=row["acme_enabled"],
        key_backend_alias="default",
        key_backend_options=row["key_backend_options"],
        **urls,
    )
