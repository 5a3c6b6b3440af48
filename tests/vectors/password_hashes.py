"""Makes the hashes of password_hashes.tsv that Python libraries can make.

pip install django==5.2.19 werkzeug==3.1.9 argon2-cffi==25.1.0 bcrypt==5.0.0 passlib==1.7.4
python password_hashes.py > password_hashes.tsv && node password_hashes.mjs >> password_hashes.tsv
"""

import base64

import bcrypt
import django
from argon2 import PasswordHasher
from django.conf import settings
from django.contrib.auth.hashers import make_password
from passlib.hash import scrypt
from werkzeug.security import generate_password_hash

PASSWORD = "correct horse bättery staple"

settings.configure(
    PASSWORD_HASHERS=[
        f"django.contrib.auth.hashers.{name}PasswordHasher"
        for name in ["PBKDF2", "PBKDF2SHA1", "Argon2", "BCryptSHA256", "BCrypt", "Scrypt"]
    ]
)
django.setup()

for name in ["pbkdf2_sha256", "pbkdf2_sha1", "argon2", "bcrypt_sha256", "bcrypt", "scrypt"]:
    print("Django", make_password(PASSWORD, hasher=name), sep="\t")
for method in ["scrypt", "pbkdf2:sha256", "pbkdf2:sha512:210000", "pbkdf2:sha1:600000"]:
    print("Werkzeug", generate_password_hash(PASSWORD, method), sep="\t")


def bcrypt_of(cost, version=b"2b"):
    return bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(cost, version if version == b"2a" else b"2b")).decode()


# Spring writes $2a$ and, since 5.8, argon2 with these parameters.
argon2 = PasswordHasher(time_cost=2, memory_cost=16384, parallelism=1)
print("Spring", "{bcrypt}" + bcrypt_of(10, b"2a"), sep="\t")
print("Spring", "{argon2}" + argon2.hash(PASSWORD), sep="\t")
print("Spring", "{argon2@SpringSecurity_v5_8}" + argon2.hash(PASSWORD), sep="\t")
for cost in [12, 13, 14]:
    print("bcrypt", bcrypt_of(cost), sep="\t")
print("passlib", scrypt.using(rounds=15).hash(PASSWORD), sep="\t")

# Some libraries write base64 with padding.
head, salt, output = argon2.hash(PASSWORD).rsplit("$", 2)
padded = [part + "=" * (-len(part) % 4) for part in (salt, output)]
assert base64.b64decode(padded[0]) and base64.b64decode(padded[1])
print("padded", "$".join([head, *padded]), sep="\t")
