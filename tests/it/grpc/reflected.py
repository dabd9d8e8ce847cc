"""The bank over gRPC, as its reflection describes it: no stub was compiled, and no file of ours is read."""

import time
import uuid

import grpc
from google.protobuf import descriptor_pool, message_factory
from google.rpc import error_details_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status

WAIT = ("prefer", "wait=30")


class Refused(Exception):
    """A status that is not OK, with its details."""

    def __init__(self, error):
        super().__init__(f"{error.code().name}: {error.details()}")
        self.code = error.code().name
        self.metadata = dict(error.trailing_metadata() or ()) | dict(error.initial_metadata() or ())
        self.info = self.fields = self.retry = None
        status = rpc_status.from_call(error)
        for detail in status.details if status else ():
            for kind in (error_details_pb2.ErrorInfo, error_details_pb2.BadRequest, error_details_pb2.RetryInfo):
                if detail.Is(kind.DESCRIPTOR):
                    found = kind()
                    detail.Unpack(found)
                    if kind is error_details_pb2.ErrorInfo:
                        self.info = found
                    elif kind is error_details_pb2.BadRequest:
                        self.fields = {violation.field: violation.description for violation in found.field_violations}
                    else:
                        self.retry = found.retry_delay.seconds

    @property
    def reason(self):
        return self.info.reason if self.info else None


class Orion:
    """A channel, and all that it can be asked."""

    def __init__(self, address):
        self.channel = grpc.insecure_channel(address)
        self.database = ProtoReflectionDescriptorDatabase(self.channel)
        self.pool = descriptor_pool.DescriptorPool(self.database)

    def services(self):
        return sorted(self.database.get_services())

    def method(self, name):
        service, _, method = name.partition("/")
        return self.pool.FindServiceByName(service).FindMethodByName(method)

    def message(self, method, fields):
        """A request from plain values: words of a list by their names."""
        return message_factory.GetMessageClass(self.method(method).input_type)(**fields)

    def raw(self, method, message, *metadata, timeout=40):
        """The answer and its metadata, whatever was sent."""
        kind = message_factory.GetMessageClass(self.method(method).output_type)
        call = self.channel.unary_unary("/" + method, request_serializer=lambda sent: sent if isinstance(sent, bytes) else sent.SerializeToString(), response_deserializer=kind.FromString)
        try:
            answer, done = call.with_call(message, metadata=metadata, timeout=timeout)
        except grpc.RpcError as error:
            raise Refused(error) from None
        return answer, dict(done.initial_metadata())

    def ask(self, token, method, /, *metadata, timeout=40, **fields):
        sent = (("authorization", f"Bearer {token}"), *metadata)
        return self.raw(method, self.message(method, fields), *sent, timeout=timeout)

    def do(self, token, method, /, *, key=None, **fields):
        """What a command came to: the resource, once it is decided."""
        metadata = (("idempotency-key", key or str(uuid.uuid4())), WAIT)
        answer, said = self.ask(token, f"orion.v1.Bank/{method}", *metadata, **fields)
        kind = answer.WhichOneof("answer")
        assert kind != "pending", f"{method} was not decided in 30 s"
        assert said["orion-epoch"].isdigit(), said
        return getattr(answer, kind)

    def see(self, token, method, /, **fields):
        """What a view shows. Views that are behind, as they may be on a busy machine, are asked again."""
        deadline = time.monotonic() + 60
        while True:
            try:
                return self.ask(token, f"orion.v1.Views/{method}", **fields)[0]
            except Refused as refused:
                if refused.reason != "view_behind" or time.monotonic() > deadline:
                    raise

    def refused(self, code, reason, call, /, *arguments, **fields):
        """The status of a call that must not succeed."""
        try:
            answer = call(*arguments, **fields)
        except Refused as refused:
            assert (refused.code, refused.reason) == (code, reason), f"{refused} {refused.reason} is not {code} {reason}"
            assert refused.info.domain == "orion" and len(refused.info.metadata["trace_id"]) == 32, refused.info
            return refused
        raise AssertionError(f"{code} {reason} was expected, not {answer}")
