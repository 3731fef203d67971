//! Brings together what different sequences, or one under different names, found of the same thing.

use super::Method;
use super::associate::Group;
use super::cells::Cells;
use super::plane::{Covariance, Plane, Point};
use super::rays::{REACH_M, Rays, wrap};
use super::triangulate::{facing, fix, vote};

/// Squared Mahalanobis distance up to which two places may be one.
const GATE2: f64 = 9.0;
/// The same where the classes differ: that is two errors at once.
const OTHER_CLASS_GATE2: f64 = 4.0;
/// How far two places may be apart beside what their cameras are off, metres.
const MAX_APART_M: f64 = 6.0;
/// A lone ray joins a place when it passes within this many standard deviations.
const JOIN_GATE: f64 = 2.5;

/// A group with its place.
struct Node {
    group: Group,
    lon_deg: f64,
    lat_deg: f64,
    covariance: Covariance,
    class: usize,
    method: Method,
    /// Mean direction to its cameras, radians; none where they stand all round.
    facing: Option<f64>,
    sequence: usize,
    position_sd_m: f64,
}

impl Node {
    fn new(rays: &Rays, group: Group) -> Option<Self> {
        let (plane, fix, method) = fix(rays, &group)?;
        let (lon_deg, lat_deg) = plane.lon_lat(fix.point);
        let camera = rays.camera_of(*group.rays.first()?);
        Some(Self {
            class: vote(rays, &group),
            facing: facing(rays, &plane, fix.point, &group.rays),
            covariance: fix.covariance,
            lon_deg,
            lat_deg,
            method,
            sequence: camera.sequence,
            position_sd_m: camera.position_sd_m,
            group,
        })
    }
}

/// Joins groups, nearest first by Mahalanobis distance, never two that share a picture; then lets lone rays without
/// a range join the place they pass. With `exclusive`, also groups of different classes may be one thing.
pub(super) fn merge(rays: &Rays, groups: Vec<Group>, exclusive: bool) -> Vec<Group> {
    let nodes: Vec<Node> = groups.into_iter().filter_map(|group| Node::new(rays, group)).collect();
    let mut pairs = Vec::new();
    let cells = index(&nodes);
    for (u, node) in nodes.iter().enumerate() {
        for v in cells.near(node.lon_deg, node.lat_deg) {
            if v > u
                && !share_a_picture(rays, &node.group.rays, &nodes[v].group.rays)
                && let Some(distance2) = apart(node, &nodes[v], exclusive)
            {
                // Names agree before names are doubted.
                pairs.push((node.class != nodes[v].class, distance2, u, v));
            }
        }
    }
    pairs.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then((a.2, a.3).cmp(&(b.2, b.3))));
    let mut owner: Vec<usize> = (0..nodes.len()).collect();
    let mut groups: Vec<Vec<usize>> = nodes.iter().map(|node| node.group.rays.clone()).collect();
    for (_, _, u, v) in pairs {
        let (u, v) = (root(&owner, u), root(&owner, v));
        if u == v || share_a_picture(rays, &groups[u], &groups[v]) {
            continue;
        }
        let both = Group { rays: joined(&groups[u], &groups[v]) };
        // Two near pairs do not make one thing of a chain: each ray must still fit.
        if !holds_together(rays, &both) {
            continue;
        }
        owner[v] = u;
        groups[u] = both.rays;
        groups[v].clear();
    }
    let merged = groups.into_iter().filter(|rays| !rays.is_empty()).map(|rays| Group { rays }).collect();
    join_lone_rays(rays, merged, exclusive)
}

fn root(owner: &[usize], mut node: usize) -> usize {
    while owner[node] != node {
        node = owner[node];
    }
    node
}

/// The rays of two groups, ascending.
fn joined(a: &[usize], b: &[usize]) -> Vec<usize> {
    let mut members = [a, b].concat();
    members.sort_unstable();
    members
}

fn share_a_picture(rays: &Rays, a: &[usize], b: &[usize]) -> bool {
    a.iter().any(|u| b.iter().any(|v| rays.rays[*u].station == rays.rays[*v].station))
}

/// Squared Mahalanobis distance of two places that may be one thing.
fn apart(a: &Node, b: &Node, exclusive: bool) -> Option<f64> {
    if (a.class != b.class && !exclusive) || a.method == Method::Bearing || b.method == Method::Bearing {
        return None;
    }
    // The two faces of a pole are two things.
    if a.facing.zip(b.facing).is_some_and(|(a, b)| wrap(a - b).cos() < -0.5) {
        return None;
    }
    let plane = Plane::about(a.lon_deg, a.lat_deg);
    let step = plane.point(b.lon_deg, b.lat_deg);
    let offset = if a.sequence == b.sequence { 0.1 } else { a.position_sd_m.hypot(b.position_sd_m) };
    if step.distance(Point::default()) > MAX_APART_M + offset {
        return None;
    }
    let distance2 = a.covariance.plus(b.covariance).plus_round(offset).distance2(step.x, step.y);
    let gate2 = if a.class == b.class { GATE2 } else { OTHER_CLASS_GATE2 };
    (distance2 < gate2).then_some(distance2)
}

/// Whether all rays of a group agree with the place that they make together.
fn holds_together(rays: &Rays, group: &Group) -> bool {
    let Some((plane, fix, _)) = fix(rays, group) else { return false };
    let sequence = |ray: &usize| rays.camera_of(*ray).sequence;
    let many = group.rays.iter().any(|ray| sequence(ray) != sequence(&group.rays[0]));
    group.rays.iter().all(|member| {
        let ray = &rays.rays[*member];
        let place = rays.place(&plane, ray.station);
        let distance = place.distance(fix.point).max(0.5);
        let camera = &rays.cameras[ray.station];
        let offset = if many { camera.position_sd_m } else { 0.0 };
        let variance = ray.pixel_sd.powi(2) + rays.pose_variance(ray.station, distance) + (offset / distance).powi(2);
        let error = wrap(ray.azimuth - (fix.point.x - place.x).atan2(fix.point.y - place.y));
        error * error <= 12.0 * variance
    })
}

/// Rays that are alone and have no range, each joined to the place that it passes nearest to.
fn join_lone_rays(rays: &Rays, groups: Vec<Group>, exclusive: bool) -> Vec<Group> {
    let (lone, placed): (Vec<Group>, Vec<Group>) =
        groups.into_iter().partition(|g| g.rays.len() == 1 && rays.rays[g.rays[0]].range.is_none());
    let mut nodes: Vec<Node> = placed.into_iter().filter_map(|group| Node::new(rays, group)).collect();
    let cells = index(&nodes);
    let mut left = Vec::new();
    for group in lone {
        let ray = &rays.rays[group.rays[0]];
        let camera = &rays.cameras[ray.station];
        let plane = rays.plane(ray.station);
        let best = cells
            .near(camera.lon_deg, camera.lat_deg)
            .into_iter()
            .filter(|n| nodes[*n].class == ray.class || exclusive)
            .filter(|n| !share_a_picture(rays, &nodes[*n].group.rays, &group.rays))
            .filter_map(|n| {
                let node = &nodes[n];
                let point = plane.point(node.lon_deg, node.lat_deg);
                let distance = point.distance(Point::default());
                if !(1.0..REACH_M).contains(&distance) {
                    return None;
                }
                let bearing = point.x.atan2(point.y);
                // A face is not seen from behind.
                if node.facing.is_some_and(|facing| wrap(facing - bearing).cos() > 0.3) {
                    return None;
                }
                let offset = if node.sequence == camera.sequence { 0.0 } else { node.position_sd_m };
                let across = node.covariance.towards(point.y / distance, -point.x / distance) + offset * offset;
                let variance =
                    ray.pixel_sd.powi(2) + rays.pose_variance(ray.station, distance) + across / (distance * distance);
                let off = wrap(ray.azimuth - bearing).abs() / variance.sqrt();
                (off <= JOIN_GATE).then_some((off, n))
            })
            .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        match best {
            Some((_, n)) => nodes[n].group.rays = joined(&nodes[n].group.rays, &group.rays),
            None => left.push(group),
        }
    }
    nodes.into_iter().map(|node| node.group).chain(left).collect()
}

/// The nodes by place.
fn index(nodes: &[Node]) -> Cells {
    let mut cells = Cells::default();
    for (n, node) in nodes.iter().enumerate() {
        cells.insert(n, node.lon_deg, node.lat_deg);
    }
    cells
}
