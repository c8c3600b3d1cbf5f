import Diptych
import DiptychDatasets
import Foundation

/// Values of rows as they are shown.
struct RowCells {
    /// Whether bytes are written as base64 instead of by their number.
    let isBase64: Bool

    /// A value for people.
    func text(_ value: DatasetValue) -> String {
        switch value {
        case .bytes(let bytes): "<\(bytes.count) bytes>"
        case .image(.bytes(let bytes)): "<\(ImageFileKind.name(of: bytes)), \(bytes.count) bytes>"
        case .image(.part(let part)): "<\(part.count) bytes at \(part.offset) of \(part.path)>"
        case .image(.file(let path)), .image(.url(let path)), .text(let path): path
        case .vector(let vector): vector.description
        case .double(let value) where !value.isFinite: "\(value)"
        case .float(let value) where !value.isFinite: "\(value)"
        case .floats(let values) where values.count > 8: "<\(values.count) floats>"
        default: value.json?.text ?? ""
        }
    }

    /// A value as JSON.
    func json(_ value: DatasetValue) -> DiptychDatasets.JSONValue {
        switch value {
        case .bytes(let bytes):
            isBase64
                ? .string(Data(bytes).base64EncodedString()) : .object([.init("bytes", .int(Int64(bytes.count)))])
        case .image(.bytes(let bytes)):
            isBase64
                ? .string(Data(bytes).base64EncodedString())
                : .object([
                    .init("format", .string(ImageFileKind.name(of: bytes))), .init("bytes", .int(Int64(bytes.count))),
                ])
        case .image(.part(let part)):
            isBase64
                ? .string((try? Data(part.read()).base64EncodedString()) ?? "")
                : .object([
                    .init("path", .string(part.path)), .init("offset", .int(Int64(part.offset))),
                    .init("bytes", .int(Int64(part.count))),
                ])
        case .list(let values): .array(values.map(json))
        case .structure(let members): .object(members.map { .init($0.name, json($0.value)) })
        default: value.json ?? .null
        }
    }

    /// A value as a field of CSV.
    func field(_ value: DatasetValue) -> String {
        switch json(value) {
        case .null: ""
        case .string(let text): text
        case let other: other.text
        }
    }

    /// A field with quotes where it needs them (RFC 4180).
    static func quoted(_ field: String) -> String {
        field.utf8.contains { $0 == 0x22 || $0 == 0x2C || $0 == 0x0A || $0 == 0x0D }
            ? "\"" + field.replacing("\"", with: "\"\"") + "\"" : field
    }
}
