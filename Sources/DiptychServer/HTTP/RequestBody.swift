internal import DiptychBasics
internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// What a route wants of its request's body.
protocol BodyFields: Sendable {
    /// The names of its fields; a request with any other is refused before it is read.
    static var names: [String] { get }
    /// Reads the fields.
    ///
    /// - Throws: ``Problem`` saying which is wrong.
    init(_ fields: Fields) throws
}

extension Request {
    /// Reads the body as JSON or as a form, whichever its content type says. Large ones are read on `work`'s threads.
    ///
    /// - Throws: ``Problem``; 413 beyond a limit, 415 for another content type or an encoded body.
    func read<T: BodyFields>(_ type: T.Type, in context: ServerContext, by work: BlockingWork) async throws -> T {
        // A browser sends what a page of another site made without a type, or with one of those that forms have.
        guard let contentType = headers[.contentType] else {
            throw Problem(
                status: .unsupportedMediaType,
                detail: "the body needs a Content-Type: application/json or multipart/form-data")
        }
        let kind = contentType.prefix { $0 != ";" }.lowercased().trimmingCharacters(in: .whitespaces)
        guard ["application/json", "multipart/form-data"].contains(kind) else {
            throw Problem(
                status: .unsupportedMediaType,
                detail: "the body must be application/json or multipart/form-data, not '\(kind.prefix(60))'")
        }
        let bytes = try await bytes(in: context), limits = context.limits
        let decode: @Sendable () throws -> T = {
            if kind == "application/json" { return try JSONBody<T>.decode(bytes, limits) }
            let fields = Fields(try MultipartForm([UInt8](buffer: bytes), contentType: contentType), limits)
            try fields.allow(only: T.names)
            return try T(fields)
        }
        return bytes.readableBytes <= Workers.smallBytes ? try decode() : try await work.run(decode)
    }

    /// Refuses what is in a body that nobody reads: fields there would be passed over. An empty object is none.
    func refuseBody(in context: ServerContext) async throws {
        guard headers[.transferEncoding] != nil || headers[.contentLength].map({ $0 != "0" }) ?? false else { return }
        let refused = Problem.badRequest("this request takes no fields, and its body must be empty")
        var all: [UInt8] = []
        for try await part in body {
            guard all.count + part.readableBytes <= 4096 else { throw refused }
            all += part.readableBytesView
        }
        let text = all.filter { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        guard text.isEmpty || text == Array("{}".utf8) else {
            guard case .object(let members) = try? JSONParser.parse(all), let name = members.map(\.name).min() else {
                throw refused
            }
            throw Problem.unknown("field", name, known: [])
        }
    }

    /// The whole body, counted against what all requests together may hold.
    private func bytes(in context: ServerContext) async throws -> ByteBuffer {
        let limit = context.limits.bodyBytes
        var all = ByteBuffer()
        do {
            for try await part in body {
                guard all.readableBytes + part.readableBytes <= limit else {
                    throw Problem(
                        status: .contentTooLarge,
                        detail: "the body is more than the \(limit) bytes that this server takes")
                }
                try context.hold(part.readableBytes)
                all.writeImmutableBuffer(part)
            }
        } catch let error where error is Problem || error is CancellationError {
            throw error
        } catch {
            // Whatever is wrong with a body on its way is the client's doing, or its network's.
            throw Problem.badRequest("the body did not come as HTTP wants it, or not whole: \(error)")
        }
        return all
    }
}

/// A JSON object, read member by member.
private struct JSONBody<T: BodyFields>: Decodable {
    let value: T

    init(from decoder: any Decoder) throws {
        let container: KeyedDecodingContainer<Fields.Name>
        do { container = try decoder.container(keyedBy: Fields.Name.self) } catch {
            throw Problem.badRequest("the body must be a JSON object")
        }
        let limits = CodingUserInfoKey.limits.flatMap { decoder.userInfo[$0] as? RequestLimits }
        let fields = Fields(container, limits ?? RequestLimits())
        try fields.allow(only: T.names)
        value = try T(fields)
    }

    static func decode(_ buffer: ByteBuffer, _ limits: RequestLimits) throws -> T {
        try buffer.withUnsafeReadableBytes { text throws(Problem) in try JSONShape.check(text) }
        do {
            let decoder = JSONDecoder()
            if let key = CodingUserInfoKey.limits { decoder.userInfo[key] = limits }
            return try decoder.decode(JSONBody<T>.self, from: Data(buffer.readableBytesView)).value
        } catch let error as DecodingError {
            var reason = "it cannot be read"
            if case .dataCorrupted(let context) = error {
                let words = (context.underlyingError as? NSError)?.userInfo["NSDebugDescription"] as? String
                reason = words ?? context.debugDescription
            }
            throw Problem.badRequest("the body is not JSON: \(reason)")
        }
    }
}

extension CodingUserInfoKey {
    fileprivate static let limits = CodingUserInfoKey(rawValue: "limits")
}
