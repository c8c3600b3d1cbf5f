internal import DiptychBasics
internal import DiptychCheckpoints

/// The tuple `(image_id, text_id, text)` of a pair as a Python pickle, byte for byte as `pickle.dumps` of Python 3.8 to 3.13
/// writes it (protocol 4), and back.
enum PairPickle {
    /// A text of so many bytes stands outside of frames (pickle's `_FRAME_SIZE_TARGET`).
    private static let largeText = 64 << 10

    /// The pickle; nil where one of the ids is a list or an object.
    static func write(image: JSONValue, text id: JSONValue, _ text: String) -> [UInt8]? {
        var body: [UInt8] = []
        var kept: [String] = []
        // Texts are remembered under the next number; Python has one object for each text of one character of Latin-1 and
        // for the empty one, and names it by its number when it comes again.
        func put(_ value: String, _ pickle: inout Frames) {
            let isSingle =
                value.unicodeScalars.prefix(2).count <= 1 && value.unicodeScalars.allSatisfy { $0.value < 256 }
            if isSingle, let known = kept.firstIndex(of: value) {
                pickle.append([UInt8(ascii: "h"), UInt8(known)])
                return
            }
            kept.append(value)
            let bytes = Array(value.utf8)
            let head: [UInt8] =
                bytes.count < 256
                ? [0x8C, UInt8(bytes.count)] : [UInt8(ascii: "X")] + little(UInt64(bytes.count), bytes: 4)
            if bytes.count >= largeText {
                pickle.appendOutside(head, bytes)
            } else {
                pickle.append(head + bytes)
            }
            pickle.append([0x94])
        }
        var pickle = Frames()
        for value in [image, id, .string(text)] {
            switch value {
            case .string(let value): put(value, &pickle)
            case .int(let number): pickle.append(Self.integer(number))
            case .double(let number):
                pickle.append([UInt8(ascii: "G")] + little(number.bitPattern, bytes: 8).reversed())
            case .bool(let value): pickle.append([value ? 0x88 : 0x89])
            case .null: pickle.append([UInt8(ascii: "N")])
            case .array, .object: return nil
            }
        }
        pickle.append([0x87, 0x94, UInt8(ascii: ".")])
        body = [0x80, 4] + pickle.finish()
        return body
    }

    /// Opcodes cut into frames.
    private struct Frames {
        private var done: [UInt8] = []
        private var frame: [UInt8] = []

        mutating func append(_ bytes: [UInt8]) { frame += bytes }

        /// Adds an opcode with a text so long that Python writes it directly.
        mutating func appendOutside(_ head: [UInt8], _ text: [UInt8]) {
            endFrame()
            done += head + text
        }

        private mutating func endFrame() {
            // Frames of less than four bytes are not worth their head.
            if frame.count >= 4 { done += [0x95] + PairPickle.little(UInt64(frame.count), bytes: 8) }
            done += frame
            frame = []
        }

        mutating func finish() -> [UInt8] {
            endFrame()
            return done
        }
    }

    private static func little(_ value: UInt64, bytes: Int) -> [UInt8] {
        (0..<bytes).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
    }

    private static func integer(_ number: Int64) -> [UInt8] {
        let bits = UInt64(bitPattern: number)
        switch number {
        case 0...0xFF: return [UInt8(ascii: "K"), UInt8(number)]
        case 0...0xFFFF: return [UInt8(ascii: "M")] + little(bits, bytes: 2)
        case -0x8000_0000...0x7FFF_FFFF: return [UInt8(ascii: "J")] + little(bits, bytes: 4)
        default:
            // The fewest bytes that keep the sign.
            var count = 8
            while count > 1, number >> Int64(8 * (count - 1) - 1) == (number < 0 ? -1 : 0) { count -= 1 }
            return [0x8A, UInt8(count)] + little(bits, bytes: count)
        }
    }

    /// The tuple of a pickle.
    ///
    /// - Throws: ``DatasetError`` where it is damaged or something else.
    static func read(
        _ bytes: UnsafeRawBufferPointer, path: String, place: String
    ) throws(DatasetError) -> (image: JSONValue, id: JSONValue, text: String) {
        do {
            let values = try PicklePlain.sequence(bytes, path: path)
            guard values.count == 3, case .string(let text) = values[2] else {
                throw DatasetError(
                    .malformed, path: path, place: place, "the pickle is not a tuple of image id, text id and text")
            }
            return (json(values[0]), json(values[1]), text)
        } catch let error as DatasetError {
            throw error
        } catch let error as CheckpointError {
            throw DatasetError(
                error.kind == .unsupported ? .unsupported : .malformed, path: path, place: place, error.reason)
        } catch { throw DatasetError(.malformed, path: path, place: place, "\(error)") }
    }

    private static func json(_ value: PicklePlain) -> JSONValue {
        switch value {
        case .none: .null
        case .bool(let value): .bool(value)
        case .int(let value): .int(Int64(value))
        case .float(let value): .double(value)
        case .string(let text): .string(text)
        }
    }
}
