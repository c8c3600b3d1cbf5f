internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// What a route wants of its request's body.
protocol BodyFields: Sendable {
    /// Reads the fields.
    ///
    /// - Throws: ``Problem`` saying which is wrong.
    init(_ fields: Fields) throws
}

extension Request {
    /// Reads the body as JSON or as a form, whichever its content type says.
    ///
    /// - Throws: ``Problem``; 413 beyond `limit` bytes, 415 for another content type.
    func read<T: BodyFields>(_ type: T.Type, in context: ServerContext) async throws -> T {
        let contentType = headers[.contentType] ?? "application/json"
        let kind = contentType.prefix { $0 != ";" }.lowercased().trimmingCharacters(in: .whitespaces)
        switch kind {
        case "application/json":
            return try JSONBody<T>.decode(try await bytes(in: context))
        case "multipart/form-data":
            let bytes = try await bytes(in: context)
            return try T(Fields(try MultipartForm([UInt8](buffer: bytes), contentType: contentType)))
        default:
            throw Problem(
                status: .unsupportedMediaType,
                detail: "the body must be application/json or multipart/form-data, not '\(kind.prefix(60))'")
        }
    }

    /// The whole body, counted against what all requests together may hold.
    private func bytes(in context: ServerContext) async throws -> ByteBuffer {
        let limit = context.limits.bodyBytes
        if let length = headers[.contentLength].flatMap({ Int($0) }), length > limit {
            throw Problem(
                status: .contentTooLarge, detail: "the body is \(length) bytes; this server takes at most \(limit)")
        }
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
        value = try T(Fields(container))
    }

    static func decode(_ buffer: ByteBuffer) throws -> T {
        do {
            return try JSONDecoder().decode(JSONBody<T>.self, from: Data(buffer.readableBytesView)).value
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
