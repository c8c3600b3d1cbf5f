internal import DiptychBasics
internal import DiptychMedia

/// A shot of a sample video as frames: one backdrop, objects that drift, and the change between its two moments.
struct VideoDrawing {
    /// 4:3, both sides even as encoders want them.
    static let canvas = Canvas(width: Scene.side * 4 / 3, height: Scene.side)
    /// How long something takes to appear, and to go elsewhere, in frames.
    private static let (quick, slow) = (4, 10)

    private let shot: VideoStory.Shot
    private let backdrop: String
    private let isOutlined: Bool
    private let paints: SplitMix64
    private let layouts: [[PlacedObject]]
    private let photograph: Photograph
    /// What each object moves in a second, in shares of the side, and how it turns, in degrees.
    private let drifts: [(x: Double, y: Double, turn: Double)]
    private var noise: SplitMix64

    init(_ shot: VideoStory.Shot) {
        self.shot = shot
        var random = shot.chance
        backdrop = shot.backdrop.svg(on: Self.canvas, using: &random)
        isOutlined = random.chance(0.3)
        let start = random
        // The same chance for both moments: what stays is where it was.
        layouts = shot.arrangements.indices.map { turn in
            var chance = start
            return Scene(shot.arrangements[turn], before: shot.backdrop).layout(using: &chance)
        }
        paints = SplitMix64(seed: random.next(), index: 1, purpose: 0x51de4)
        var camera = Photograph(using: &random)
        // Sensor noise would be most of the file.
        camera.noise = min(camera.noise, 6)
        photograph = camera
        drifts = (0..<16).map { _ in
            (random.between(-0.006, 0.006), random.between(-0.006, 0.006), random.between(-1.5, 1.5))
        }
        noise = random
    }

    /// Frame `frame` of the shot.
    mutating func frame(_ frame: Int) throws -> Image {
        var document =
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(Self.canvas.width)\" height=\"\(Self.canvas.height)\">"
        document += backdrop
        var chance = paints
        document += Scene.svg(of: objects(at: frame), isOutlined: isOutlined, on: Self.canvas, using: &chance)
        return try photograph.taken(of: try Drawing.render(document + "</svg>"), using: &noise)
    }

    private func objects(at frame: Int) -> [PlacedObject] {
        let inside = frame - shot.frames[0]
        var objects = layouts[inside < 0 ? 0 : 1]
        if inside >= 0, inside < Self.slow, shot.change != .recolours {
            let share = Double(inside + 1) / Double(Self.slow)
            let way = share * share * (3 - 2 * share)
            var before = layouts[0]
            for index in objects.indices {
                guard let place = before.firstIndex(where: { $0.group == objects[index].group }) else {
                    // What is new grows.
                    objects[index].diameter *= min(1, Double(inside + 1) / Double(Self.quick))
                    continue
                }
                let old = before.remove(at: place)
                objects[index].x = old.x + way * (objects[index].x - old.x)
                objects[index].y = old.y + way * (objects[index].y - old.y)
                objects[index].diameter = old.diameter + way * (objects[index].diameter - old.diameter)
                objects[index].rotation = old.rotation + way * (objects[index].rotation - old.rotation)
            }
        }
        let seconds = Double(frame) / Double(VideoStory.rate)
        for index in objects.indices {
            let drift = drifts[index % drifts.count]
            objects[index].x += drift.x * seconds
            objects[index].y += drift.y * seconds
            objects[index].rotation += drift.turn * seconds
        }
        return objects
    }
}
