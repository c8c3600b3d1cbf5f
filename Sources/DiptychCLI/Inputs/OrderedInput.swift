import Synchronization

/// One `--text`, `--image` or `--input`, with its place among them on the command line.
///
/// The parser collects each option's values in a list of its own. Values are parsed from left to right, so a running
/// number tells the order across the lists.
struct OrderedInput: Sendable {
    enum Kind: Sendable {
        case text
        case image
        /// A file that lists images, one a line.
        case list
    }

    let kind: Kind
    let value: String
    private let place: Int

    private static let counter = Mutex(0)

    private init(_ kind: Kind, _ value: String) {
        self.kind = kind
        self.value = value
        place = Self.counter.withLock { counter in
            counter += 1
            return counter
        }
    }

    static func text(_ value: String) -> OrderedInput { OrderedInput(.text, value) }
    static func image(_ value: String) -> OrderedInput { OrderedInput(.image, value) }
    static func list(_ value: String) -> OrderedInput { OrderedInput(.list, value) }

    /// All inputs in the order of the command line.
    static func joined(_ lists: [OrderedInput]...) -> [OrderedInput] {
        lists.flatMap { $0 }.sorted { $0.place < $1.place }
    }
}

/// Neighbouring inputs of one kind: what is embedded in one go.
enum InputRun {
    case texts([String])
    case images([ImageArgument])

    /// Cuts inputs into runs; the order stays.
    static func split(_ inputs: [OrderedInput]) -> [InputRun] {
        var runs: [InputRun] = []
        for input in inputs {
            let image: ImageArgument
            switch input.kind {
            case .text:
                if case .texts(let texts)? = runs.last {
                    runs[runs.count - 1] = .texts(texts + [input.value])
                } else {
                    runs.append(.texts([input.value]))
                }
                continue
            case .image: image = .image(input.value)
            case .list: image = .list(input.value)
            }
            if case .images(let images)? = runs.last {
                runs[runs.count - 1] = .images(images + [image])
            } else {
                runs.append(.images([image]))
            }
        }
        return runs
    }
}
