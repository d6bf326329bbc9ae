"""What loads and is broken all the same."""

from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from mailer.vault import DkimKey


def damaged(key: DkimKey) -> DkimKey:
    """An RSA key whose private half is none of its public one's."""
    assert isinstance(key.private, RSAPrivateKey)
    numbers = key.private.private_numbers()
    wrong = type(numbers)(
        p=numbers.p, q=numbers.q, d=numbers.d + 2, dmp1=numbers.dmp1 + 2, dmq1=numbers.dmq1 + 2, iqmp=numbers.iqmp,
        public_numbers=numbers.public_numbers,
    )  # fmt: skip
    return replace(key, private=wrong.private_key(unsafe_skip_rsa_key_validation=True))
