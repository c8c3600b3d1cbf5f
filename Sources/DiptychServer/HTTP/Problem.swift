internal import Diptych
internal import DiptychLabels
internal import DiptychMedia
internal import DiptychSearch
internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// Why a request was not answered as asked, as RFC 9457 writes it.
struct Problem: Error, Equatable {
    var status: HTTPResponse.Status
    /// What was wrong, where, and what to do.
    var detail: String
    var headers: HTTPFields = [:]
    /// The field of the request that is wrong, where a page shows the reason beside it.
    var field: String?
    /// What clients of OpenAI's API tell errors apart by; nil for the status's usual one.
    var code: String?

    /// The request itself is wrong.
    static func badRequest(_ detail: String) -> Problem { Problem(status: .badRequest, detail: detail) }
    /// There is no such thing.
    static func notFound(_ detail: String) -> Problem { Problem(status: .notFound, detail: detail) }

    /// Too much is going on; try again after so many seconds.
    static func busy(_ detail: String, retryAfter seconds: Int = 1) -> Problem {
        Problem(status: .serviceUnavailable, detail: detail, headers: [.retryAfter: String(seconds)])
    }

    /// The answer.
    func response(requestID: String) -> Response {
        var members: [(String, JSON)] = [
            ("type", "about:blank"), ("title", .string(status.reasonPhrase)), ("status", .int(status.code)),
            ("detail", .string(detail)), ("request_id", .string(requestID)),
        ]
        if let field { members.append(("field", .string(field))) }
        // Where clients of OpenAI's API look for it.
        let kind =
            status.code >= 500 ? "server_error" : status == .tooManyRequests ? "requests" : "invalid_request_error"
        members.append(
            (
                "error",
                [
                    "message": .string(detail), "type": .string(kind), "param": field.map(JSON.string) ?? .null,
                    "code": (code ?? usualCode).map(JSON.string) ?? .null,
                ]
            ))
        var response = Response(
            status: status, headers: [.contentType: "application/problem+json"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: JSON.object(members).text)))
        for field in headers { response.headers.append(field) }
        return response
    }

    /// The code of a status in OpenAI's API; nil where it has none.
    private var usualCode: String? {
        switch status {
        case .unauthorized: "invalid_api_key"
        case .forbidden: "insufficient_permissions"
        case .tooManyRequests: "rate_limit_exceeded"
        default: nil
        }
    }

    /// What an error means to the client; nil where it is a fault of the server's.
    static func explaining(_ error: any Error) -> Problem? {
        switch error {
        case let problem as Problem: problem
        case let error as ImageError: badRequest(error.description)
        case let error as LabelError: badRequest(error.description)
        case let error as FilterError: Problem(status: .badRequest, detail: error.description, field: "filter")
        case let error as AttributeError: badRequest(error.description)
        case let error as StoreError where error.kind == .invalidRequest: badRequest(error.reason)
        case let error as StoreError where error.kind == .busy: busy(error.reason)
        case QueueError.full(let waiting, let seconds):
            // Clients believe up to a minute.
            busy(
                "\(waiting) inputs are waiting already; try again when they are done",
                retryAfter: max(1, Int(min(60, seconds.rounded(.up)))))
        case QueueError.closed: busy("the server is going down; try again in a moment", retryAfter: 5)
        case is NIOTooManyBytesError:
            Problem(status: .contentTooLarge, detail: "the body is larger than this server takes")
        case let error as HTTPError:
            Problem(status: error.status, detail: error.body ?? error.status.reasonPhrase, headers: error.headers)
        default: nil
        }
    }
}

extension JSON {
    /// The value as an answer, of which some parts are written on threads for that: the text of a thousand embeddings takes as
    /// long as many small requests.
    ///
    /// - Parameter size: about how many bytes it will have.
    func response(of size: Int, by work: BlockingWork) async throws -> Response {
        guard size > Workers.smallBytes else { return response() }
        let text = try await work.run { ByteBuffer(string: self.text) }
        return Response(
            status: .ok, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: text))
    }

    /// The value as an answer.
    func response(status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response {
        var fields = headers
        fields[.contentType] = "application/json"
        return Response(
            status: status, headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
