"""What handlers and consumers need from outside: Protocols, and the values that cross them.

``infra`` implements the Protocols. Each port raises only the errors that it declares.
"""
