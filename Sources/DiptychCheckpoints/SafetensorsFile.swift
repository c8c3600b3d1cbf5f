public import Foundation

/// A memory-mapped safetensors file whose header has been checked field by field.
///
/// The format: an 8-byte little-endian header length, a JSON header mapping each name to `dtype`, `shape` and
/// `data_offsets`, then the data. The offsets must tile the data exactly: no gap, no overlap, nothing left over.
public struct SafetensorsFile: Sendable {
    /// The longest header that is read, as in the reference implementation.
    public static let maximumHeaderBytes = 100_000_000

    /// The tensors by name.
    public let tensors: [String: TensorView]
    /// The free-form `__metadata__` strings.
    public let metadata: [String: String]

    /// Maps and checks the file at `url`.
    ///
    /// - Throws: ``CheckpointError`` naming the file and the first rule that it breaks.
    public init(url: URL) throws { try self.init(file: MappedFile(path: url.path)) }

    /// Checks a file that is mapped already.
    init(file: MappedFile) throws {
        func malformed(_ reason: String) -> CheckpointError {
            CheckpointError(.malformed, path: file.path, "not a valid safetensors file: \(reason)")
        }
        guard let base = file.bytes.baseAddress, file.bytes.count >= 8 else {
            throw malformed("\(file.bytes.count) bytes are too few for a header")
        }
        let headerLength = UInt64(littleEndian: base.loadUnaligned(as: UInt64.self))
        guard headerLength <= UInt64(Self.maximumHeaderBytes), headerLength <= UInt64(file.bytes.count - 8) else {
            throw malformed("its header claims \(headerLength) bytes, more than the file or the format allows")
        }
        let dataStart = 8 + Int(headerLength)
        let header = Data(file.bytes[8..<dataStart])
        guard header.first == UInt8(ascii: "{") else { throw malformed("its header does not start with '{'") }
        let entries: Header
        do { entries = try JSONDecoder().decode(Header.self, from: header) } catch let error as HeaderError {
            throw malformed(error.reason)
        } catch { throw malformed("its header is not the JSON object that the format asks for") }

        let dataCount = file.bytes.count - dataStart
        var tensors: [String: TensorView] = [:]
        tensors.reserveCapacity(entries.tensors.count)
        var spans: [(begin: Int, end: Int, name: String)] = []
        for (name, entry) in entries.tensors {
            guard let type = ElementType(rawValue: entry.dtype) else {
                throw malformed("tensor '\(name)' has the unsupported element type '\(entry.dtype)'")
            }
            var size = type.byteCount
            for extent in entry.shape {
                let (product, overflow) = size.multipliedReportingOverflow(by: extent)
                guard extent >= 0, !overflow else {
                    throw malformed("tensor '\(name)' has the impossible shape \(entry.shape)")
                }
                size = product
            }
            guard entry.offsets.count == 2, entry.offsets[0] >= 0, entry.offsets[0] <= entry.offsets[1],
                entry.offsets[1] <= dataCount
            else {
                throw malformed("tensor '\(name)' has offsets \(entry.offsets) outside the \(dataCount) bytes of data")
            }
            guard entry.offsets[1] - entry.offsets[0] == size else {
                throw malformed(
                    "tensor '\(name)' of shape \(entry.shape) needs \(size) bytes, its offsets give "
                        + "\(entry.offsets[1] - entry.offsets[0])")
            }
            spans.append((entry.offsets[0], entry.offsets[1], name))
            tensors[name] = TensorView(
                name: name, elementType: type, shape: entry.shape,
                bytes: UnsafeRawBufferPointer(
                    rebasing: file.bytes[dataStart + entry.offsets[0]..<dataStart + entry.offsets[1]]),
                file: file)
        }
        // Tensors of zero elements share their begin with a neighbour, so the end breaks ties.
        spans.sort { ($0.begin, $0.end) < ($1.begin, $1.end) }
        var reached = 0
        for span in spans {
            guard span.begin == reached else {
                throw malformed("tensor '\(span.name)' starts at byte \(span.begin) where \(reached) was expected")
            }
            reached = span.end
        }
        guard reached == dataCount else { throw malformed("\(dataCount - reached) bytes after the last tensor") }
        self.tensors = tensors
        metadata = entries.metadata
    }

    private struct HeaderError: Error { let reason: String }

    private struct Entry: Decodable {
        let dtype: String
        let shape: [Int]
        let offsets: [Int]
        enum CodingKeys: String, CodingKey {
            case dtype, shape
            case offsets = "data_offsets"
        }
    }

    private struct Header: Decodable {
        var tensors: [String: Entry] = [:]
        var metadata: [String: String] = [:]

        struct Key: CodingKey {
            let stringValue: String
            init(stringValue: String) { self.stringValue = stringValue }
            var intValue: Int? { nil }
            init?(intValue: Int) { nil }
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            for key in container.allKeys {
                if key.stringValue == "__metadata__" {
                    do { metadata = try container.decode([String: String].self, forKey: key) } catch {
                        throw HeaderError(reason: "'__metadata__' is not a map of strings")
                    }
                } else {
                    do { tensors[key.stringValue] = try container.decode(Entry.self, forKey: key) } catch {
                        throw HeaderError(
                            reason: "the entry of '\(key.stringValue)' lacks a valid dtype, shape or data_offsets")
                    }
                }
            }
        }
    }
}
